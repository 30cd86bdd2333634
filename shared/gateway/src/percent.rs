//! Percent-encoding in paths.

/// Decodes `%xx`; what is no valid escape, or no UTF-8, stays as it stands: it can then match nothing that exists.
pub(crate) fn decode(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escaped = (*byte == b'%').then(|| bytes.get(at + 1..at + 3)).flatten();
        let hex = escaped.filter(|hex| hex.iter().all(u8::is_ascii_hexdigit));
        let value = hex.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok());
        match value {
            Some(value) => {
                decoded.push(value);
                at += 3;
            }
            None => {
                decoded.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8(decoded).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn escapes_are_read_and_nonsense_stays() {
        assert_eq!(decode("%24init"), "$init");
        assert_eq!(decode("a%2Fb"), "a/b");
        for text in ["%", "%2", "%zz", "%ff", "a%+1b"] {
            assert_eq!(decode(text), text);
        }
    }
}
