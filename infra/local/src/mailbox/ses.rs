//! The two calls of the SES v1 query API that send, read from their forms; and its XML answers.

use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Letter, mime};

/// The form of one query API call.
pub(super) struct Call(HashMap<String, String>);

/// Why SES will not take a letter: its error code and its text, always the caller's fault.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Call {
    pub(super) fn read(body: &[u8]) -> Self {
        Self(form_urlencoded::parse(body).into_owned().collect())
    }

    pub(super) fn action(&self) -> &str {
        self.get("Action")
    }

    /// The letter, if SES would take it.
    pub(super) fn letter(&self) -> Result<Letter, Refused> {
        match self.action() {
            "SendEmail" => self.composed(),
            "SendRawEmail" => self.raw(),
            other => Err(refused(
                "InvalidAction",
                format!("Could not find operation {other} for version 2010-12-01"),
            )),
        }
    }

    fn composed(&self) -> Result<Letter, Refused> {
        let to = self.recipients(&[
            "Destination.ToAddresses",
            "Destination.CcAddresses",
            "Destination.BccAddresses",
        ])?;
        let subject = self.get("Message.Subject.Data").to_owned();
        let mut headers = BTreeMap::from([
            ("From".to_owned(), self.source()?.to_owned()),
            (
                "To".to_owned(),
                self.members("Destination.ToAddresses").join(", "),
            ),
            ("Subject".to_owned(), subject.clone()),
        ]);
        let reply_to = self.members("ReplyToAddresses").join(", ");
        if !reply_to.is_empty() {
            headers.insert("Reply-To".to_owned(), reply_to);
        }
        let text = self.get("Message.Body.Text.Data").to_owned();
        let html = self.get("Message.Body.Html.Data").to_owned();
        Ok(Letter {
            to,
            subject,
            text,
            html,
            headers,
        })
    }

    fn raw(&self) -> Result<Letter, Refused> {
        let data = STANDARD
            .decode(self.get("RawMessage.Data"))
            .map_err(|_| refused("InvalidParameterValue", "RawMessage.Data is not base64"))?;
        let mut letter = mime::read(&String::from_utf8_lossy(&data));
        if !self.members("Destinations").is_empty() {
            letter.to = self.recipients(&["Destinations"])?;
        } else {
            accept(letter.to.split(',').map(str::trim))?;
        }
        if !letter.headers.contains_key("From") {
            letter
                .headers
                .insert("From".to_owned(), self.source()?.to_owned());
        }
        Ok(letter)
    }

    fn source(&self) -> Result<&str, Refused> {
        match self.get("Source") {
            "" => Err(refused(
                "InvalidParameterValue",
                "Missing required header 'From'.",
            )),
            source => Ok(source),
        }
    }

    fn recipients(&self, lists: &[&str]) -> Result<String, Refused> {
        let addresses: Vec<&str> = lists.iter().flat_map(|list| self.members(list)).collect();
        accept(addresses.iter().copied())?;
        Ok(addresses.join(", "))
    }

    /// The elements of a list parameter: `<list>.member.1`, `.member.2` and so on.
    fn members(&self, list: &str) -> Vec<&str> {
        (1..)
            .map_while(|n| self.0.get(&format!("{list}.member.{n}")))
            .map(String::as_str)
            .collect()
    }

    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

/// Judges the recipients as SES does: at least one, each with a domain, none that it must not write to.
fn accept<'a>(addresses: impl Iterator<Item = &'a str>) -> Result<(), Refused> {
    let mut seen = 0;
    for address in addresses {
        seen += 1;
        let bare = address
            .rsplit_once('<')
            .map_or(address, |(_, bare)| bare.trim_end_matches('>'));
        match bare.rsplit_once('@') {
            Some((local, domain)) if !local.is_empty() && !domain.is_empty() => {
                if local.to_ascii_lowercase().contains("mailfail") {
                    let message = format!("Email address is on the suppression list: {bare}");
                    return Err(refused("MessageRejected", message));
                }
            }
            _ => return Err(refused("InvalidParameterValue", "Missing final '@domain'")),
        }
    }
    match seen {
        0 => Err(refused(
            "InvalidParameterValue",
            "Empty required header 'To'.",
        )),
        _ => Ok(()),
    }
}

fn refused(code: &'static str, message: impl Into<String>) -> Refused {
    Refused {
        code,
        message: message.into(),
    }
}

/// The answer to a send that succeeded.
pub(super) fn sent(action: &str, message_id: &str) -> String {
    format!(
        r#"<{action}Response xmlns="http://ses.amazonaws.com/doc/2010-12-01/"><{action}Result><MessageId>{message_id}</MessageId></{action}Result><ResponseMetadata><RequestId>{message_id}</RequestId></ResponseMetadata></{action}Response>"#
    )
}

/// The answer to a send that failed; `whose` is `Sender` or `Receiver`.
pub(super) fn failed(whose: &str, code: &str, message: &str) -> String {
    let message = super::page::escape(message);
    format!(
        r#"<ErrorResponse xmlns="http://ses.amazonaws.com/doc/2010-12-01/"><Error><Type>{whose}</Type><Code>{code}</Code><Message>{message}</Message></Error><RequestId>local</RequestId></ErrorResponse>"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipient_with_mailfail_in_its_local_part_is_rejected() {
        let refused = accept(["Homer Simpson <homer+MailFail@example.com>"].into_iter());
        assert_eq!(
            refused.map_err(|refused| refused.code),
            Err("MessageRejected")
        );
    }

    #[test]
    fn mailfail_in_the_domain_is_no_reason_to_reject() {
        assert_eq!(accept(["alice@mailfail.example.com"].into_iter()), Ok(()));
    }

    #[test]
    fn a_letter_needs_a_recipient_with_a_domain() {
        for addresses in [vec![], vec!["alice"], vec!["@example.com"]] {
            assert!(accept(addresses.iter().copied()).is_err(), "{addresses:?}");
        }
    }

    #[test]
    fn other_calls_are_no_operations_of_this_stand_in() {
        let refused = Call::read(b"Action=GetSendQuota").letter();
        assert_eq!(
            refused.map_err(|refused| refused.code),
            Err("InvalidAction")
        );
    }
}
