use std::fmt;
use std::str::FromStr;

use unicode_normalization::UnicodeNormalization;

/// An e-mail address in the one form in which it is stored, compared and mailed to.
///
/// Lower case, NFC, domain in its ASCII form (IDNA, UTS 46), at most 254 bytes. `+tags` and dots are kept: they belong to the
/// mailbox's owner. White space around the address is refused, not trimmed, as recorded from the upstream server.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

/// The text is not an e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Valid email address is required")]
pub struct NotAnEmail;

impl Email {
    /// The normal form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Email {
    type Err = NotAnEmail;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (local, domain) = text.rsplit_once('@').ok_or(NotAnEmail)?;
        let local: String = local
            .nfc()
            .collect::<String>()
            .to_lowercase()
            .nfc()
            .collect();
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| NotAnEmail)?;
        let whole = format!("{local}@{domain}");
        let fits = is_dot_atom(&local)
            && local.len() <= 64
            && is_public_domain(&domain)
            && whole.len() <= 254;
        if fits {
            Ok(Self(whole))
        } else {
            Err(NotAnEmail)
        }
    }
}

/// RFC 5321 `Dot-string`, widened to Unicode letters (RFC 6531): no quotes, no white space, no control or format characters.
fn is_dot_atom(local: &str) -> bool {
    !local.is_empty()
        && local.split('.').all(|atom| !atom.is_empty())
        && local.chars().all(|c| match c {
            '.' | '!' | '#' | '$' | '%' | '&' | '\'' | '*' | '+' | '-' | '/' | '=' | '?' | '^'
            | '_' | '`' | '{' | '|' | '}' | '~' => true,
            c if c.is_ascii() => c.is_ascii_alphanumeric(),
            c => c.is_alphanumeric(),
        })
}

/// At least two labels, the last one not a number (an address is never a mailbox at a bare IP).
fn is_public_domain(domain: &str) -> bool {
    let mut labels = domain.split('.');
    let last = labels.next_back().unwrap_or_default();
    labels.next().is_some()
        && domain.split('.').all(|label| !label.is_empty())
        && !last.bytes().all(|b| b.is_ascii_digit())
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An address is personal data: it does not appear where errors and logs are written.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(text: &str) -> Option<String> {
        text.parse::<Email>()
            .ok()
            .map(|email| email.as_str().to_owned())
    }

    #[test]
    fn spellings_of_one_address_are_one_address() {
        assert_eq!(
            normal("UPPER@Example.Com").as_deref(),
            Some("upper@example.com")
        );
        assert_eq!(
            normal("zo\u{65}\u{301}@example.com"),
            normal("zo\u{e9}@example.com")
        );
        assert_eq!(
            normal("a@m\u{fc}nchen.example").as_deref(),
            Some("a@xn--mnchen-3ya.example")
        );
        assert_eq!(
            normal("plus+tag@example.com").as_deref(),
            Some("plus+tag@example.com")
        );
    }

    #[test]
    fn what_is_not_an_address_is_refused() {
        let long = format!("{}@example.com", "a".repeat(65));
        for text in [
            "",
            "nope",
            "@example.com",
            "a@",
            "a@b",
            "a b@example.com",
            " a@example.com",
            "a@example.com ",
            "a@@example.com",
            "a..b@example.com",
            ".a@example.com",
            "a@example..com",
            "a@.com",
            "a@1.2.3.4",
            "a\r\nBcc: x@example.com",
            "a\0@example.com",
            "\"a\"@example.com",
            "a@exa mple.com",
            "a@-x.com",
            "a,b@example.com",
            "<a@example.com>",
            "a\u{202e}b@example.com",
            &long,
        ] {
            assert_eq!(normal(text), None, "{text:?}");
        }
    }
}
