//! Limits on how often somebody may call, as HTTP says them.

use std::net::IpAddr;

use domain::Allowance;
use lambda_http::http::{HeaderName, HeaderValue};

/// An answer may be so many bytes long: Lambda hands on 6,291,556 (Lambda quotas, "invocation payload"), with the headers, and with every
/// quotation mark of the body escaped.
pub const LONGEST_ANSWER: usize = 6_200_000;

/// What is said instead of a longer one.
pub const TOO_LONG: &str = "The answer is too large; ask for less";

/// The resources of the answers to a batch together: half of an answer, since every byte may have to be escaped. What a batch has written
/// is never answered with an error.
pub const LONGEST_ENTRIES: usize = 3_000_000;

/// Whether an answer with this body can be handed on.
pub fn is_too_long(body: &str) -> bool {
    // Line breaks, quotation marks and backslashes take two bytes; nothing else that JSON text holds takes more than it is.
    let escaped = |body: &str| {
        body.bytes()
            .filter(|byte| matches!(byte, b'"' | b'\\' | b'\n'))
            .count()
    };
    body.len() > LONGEST_ANSWER / 2 && body.len() + escaped(body) > LONGEST_ANSWER
}

/// `RateLimit` (draft-ietf-httpapi-ratelimit-headers): what is left, and for how long that counts.
pub const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// The value of [`RATE_LIMIT`]: `"requests";r=59;t=60`.
pub fn rate_limit(allowance: Allowance) -> Option<HeaderValue> {
    let Allowance { remaining, seconds } = allowance;
    HeaderValue::from_str(&format!("\"requests\";r={remaining};t={seconds}")).ok()
}

/// The part of an address that one customer of a network has: the whole of an IPv4 address, the first half of an IPv6 address,
/// of whose other half everybody has as many as he likes.
pub(crate) fn network(address: &str) -> String {
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) if address.to_ipv4_mapped().is_none() => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Ok(address) => address.to_canonical().to_string(),
        Err(_) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_has_the_standard_form() {
        let allowance = Allowance {
            remaining: 59,
            seconds: 60,
        };
        let header = rate_limit(allowance);
        assert_eq!(
            header.as_ref().and_then(|value| value.to_str().ok()),
            Some("\"requests\";r=59;t=60")
        );
    }

    #[test]
    fn what_is_escaped_counts_twice() {
        let plain = "x".repeat(LONGEST_ANSWER);
        assert!(!is_too_long(&plain));
        assert!(is_too_long(&format!("{plain}x")));
        let marks = "\"".repeat(LONGEST_ANSWER / 2);
        assert!(!is_too_long(&marks));
        assert!(is_too_long(&format!("{marks}x")));
    }

    #[test]
    fn an_address_counts_by_its_network() {
        assert_eq!(network("192.0.2.7"), "192.0.2.7");
        assert_eq!(network("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(network("2001:db8:1:2::"), network("2001:db8:1:2:ffff::1"));
        assert_eq!(network("nonsense"), "");
    }
}
