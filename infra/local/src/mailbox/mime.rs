//! Reads a raw letter (RFC 5322 headers, RFC 2045 bodies) as far as a mail program of ours would ever write one.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Letter;

/// The letter in a raw message. What is not understood is kept as it is: this is for looking, not for judging.
pub(super) fn read(raw: &str) -> Letter {
    let raw = raw.replace("\r\n", "\n");
    let (headers, body) = split(&raw);
    let named = |name: &str| field(&headers, name).map(words).unwrap_or_default();
    let mut letter = Letter {
        to: named("To"),
        subject: named("Subject"),
        ..Letter::default()
    };
    gather(&mut letter, &headers, body);
    letter.headers = headers
        .iter()
        .map(|(name, value)| (name.clone(), words(value)))
        .collect();
    letter
}

type Headers = BTreeMap<String, String>;

/// Cuts a message or part into its unfolded headers and its body.
fn split(raw: &str) -> (Headers, &str) {
    let (head, body) = match raw.strip_prefix('\n') {
        Some(body) => ("", body),
        None => raw.split_once("\n\n").unwrap_or((raw, "")),
    };
    let unfolded = head.replace("\n ", " ").replace("\n\t", " ");
    let pairs = unfolded.lines().filter_map(|line| line.split_once(':'));
    (
        pairs
            .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
            .collect(),
        body,
    )
}

/// A header by its name, whatever its case.
fn field<'a>(headers: &'a Headers, name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

/// Finds the text and the HTML in a part or in the parts below it; the first of each kind counts.
fn gather(letter: &mut Letter, headers: &Headers, body: &str) {
    let kind = field(headers, "Content-Type").unwrap_or("text/plain");
    if let Some(boundary) = boundary(kind) {
        for part in body
            .split(&format!("--{boundary}"))
            .skip(1)
            .filter(|part| !part.starts_with("--"))
        {
            let (headers, body) = split(part.strip_prefix('\n').unwrap_or(part));
            gather(letter, &headers, body);
        }
        return;
    }
    let slot = match kind.to_ascii_lowercase() {
        kind if kind.starts_with("text/html") => &mut letter.html,
        kind if kind.starts_with("text/plain") => &mut letter.text,
        _ => return,
    };
    if slot.is_empty() {
        *slot = decode(
            field(headers, "Content-Transfer-Encoding").unwrap_or("7bit"),
            body,
        );
    }
}

fn boundary(kind: &str) -> Option<&str> {
    let at = kind.to_ascii_lowercase().find("boundary=")? + "boundary=".len();
    let value = kind.get(at..)?;
    match value.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => value.split([';', ' ']).next(),
    }
}

fn decode(encoding: &str, body: &str) -> String {
    match encoding.to_ascii_lowercase().as_str() {
        "base64" => {
            let packed: String = body.split_whitespace().collect();
            STANDARD.decode(packed).map_or_else(
                |_| body.to_owned(),
                |bytes| String::from_utf8_lossy(&bytes).into(),
            )
        }
        "quoted-printable" => quoted(&body.replace("=\n", "")),
        _ => body.to_owned(),
    }
}

/// Undoes `=C3=A9`; a lone `=` stays.
fn quoted(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let code = (first == b'=').then(|| after.get(..2)).flatten();
        let code = code
            .and_then(|hex| std::str::from_utf8(hex).ok())
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        bytes.push(code.unwrap_or(first));
        rest = if code.is_some() {
            after.get(2..).unwrap_or_default()
        } else {
            after
        };
    }
    String::from_utf8_lossy(&bytes).into()
}

/// Undoes the encoded words of a header, `=?UTF-8?B?…?=` and `=?UTF-8?Q?…?=`; space between two of them is not text.
fn words(value: &str) -> String {
    let mut decoded = String::new();
    let mut rest = value;
    while let Some((before, word, after)) = encoded_word(rest) {
        if !before.trim().is_empty() || decoded.is_empty() {
            decoded.push_str(before);
        }
        decoded.push_str(&word);
        rest = after;
    }
    decoded + rest
}

fn encoded_word(text: &str) -> Option<(&str, String, &str)> {
    let (before, from) = text.split_once("=?")?;
    let mut fields = from.splitn(3, '?');
    let (_charset, encoding, rest) = (fields.next()?, fields.next()?, fields.next()?);
    let (packed, after) = rest.split_once("?=")?;
    let word = match encoding {
        "B" | "b" => decode("base64", packed),
        _ => quoted(&packed.replace('_', " ")),
    };
    Some((before, word, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LETTER: &str = "From: support@example.com\r\nTo: Alice Smith\r\n <alice@example.com>\r\n\
        Subject: =?UTF-8?B?V2VsY29tZSA=?= =?utf-8?Q?caf=C3=A9_!?=\r\n\
        Content-Type: multipart/alternative; boundary=\"cut\"\r\n\r\n\
        preamble\r\n--cut\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
        a long=\r\n line, 1=3D1\r\n--cut\r\nContent-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n\
        PGI+\r\naGk8L2I+\r\n--cut--\r\n";

    #[test]
    fn a_letter_with_two_parts_shows_what_its_reader_would_see() {
        let letter = read(LETTER);
        assert_eq!(letter.to, "Alice Smith <alice@example.com>");
        assert_eq!(letter.subject, "Welcome café !");
        assert_eq!(letter.text.trim(), "a long line, 1=1");
        assert_eq!(letter.html, "<b>hi</b>");
        assert_eq!(
            letter.headers.get("From").map(String::as_str),
            Some("support@example.com")
        );
    }

    #[test]
    fn a_letter_without_parts_is_its_text() {
        assert_eq!(read("Subject: Hello\n\nA = B\n").text, "A = B\n");
    }
}
