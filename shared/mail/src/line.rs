//! Names that people chose, made fit for one line of a letter.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// `name` as one line of at most `limit` characters: whatever could end a line or move the cursor becomes a space, marks that
/// reverse the direction of writing go, runs of white space shrink to one space.
pub(crate) fn one_line(name: &str, limit: usize) -> String {
    let harmless: String = name
        .chars()
        .filter(|c| !is_direction_mark(*c))
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    // Splitting also takes the line and paragraph separators, U+2028 and U+2029.
    let line = harmless.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= limit {
        line
    } else {
        line.chars().take(limit - 1).chain(['…']).collect()
    }
}

/// The characters with the Unicode property `Bidi_Control`: with them a name could show its letters in another order than it has.
fn is_direction_mark(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `name` as the display name of an address (RFC 5322): quoted, or in encoded words (RFC 2047) when it is not plain ASCII, because
/// SES takes headers in ASCII only. Expects [`one_line`].
pub(crate) fn display_name(name: &str) -> String {
    if name.is_ascii() {
        format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
    } else {
        encoded_words(name)
    }
}

/// An encoded word has at most 75 characters and ends at a whole character: 45 bytes make 60 of base64 and 12 of frame.
fn encoded_words(name: &str) -> String {
    let mut chunks = vec![String::new()];
    for c in name.chars() {
        match chunks.last_mut() {
            Some(chunk) if chunk.len() + c.len_utf8() <= 45 => chunk.push(c),
            _ => chunks.push(c.to_string()),
        }
    }
    let words = chunks
        .iter()
        .map(|chunk| format!("=?UTF-8?B?{}?=", BASE64_STANDARD.encode(chunk)));
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_ends_a_line_becomes_one_space() {
        for breaker in [
            "\r\n", "\r", "\n", "\0", "\u{b}", "\u{c}", "\u{85}", "\u{2028}", "\u{2029}", "\t",
            "\u{7f}", "\u{1b}",
        ] {
            let name = format!("Clinic{breaker}Bcc: x@example.com");
            assert_eq!(
                one_line(&name, 100),
                "Clinic Bcc: x@example.com",
                "{breaker:?}"
            );
        }
        assert_eq!(one_line("  a \r\n\r\n  b\t", 100), "a b");
    }

    #[test]
    fn marks_that_reverse_writing_are_removed_and_letters_of_any_script_stay() {
        let name = "Cli\u{202e}ni\u{2066}c\u{200f}\u{61c}";
        assert_eq!(one_line(name, 100), "Clinic");
        for name in ["Zoë & Søn", "מרפאה", "診療所", "👩\u{200d}⚕️"] {
            assert_eq!(one_line(name, 100), name);
        }
    }

    #[test]
    fn a_name_is_cut_at_its_limit_in_characters() {
        assert_eq!(one_line("日日日日", 4), "日日日日");
        assert_eq!(one_line("日日日日日", 4), "日日日…");
    }

    #[test]
    fn a_plain_display_name_is_quoted() {
        assert_eq!(display_name("Roster"), "\"Roster\"");
        assert_eq!(
            display_name("A \"B\" <c@example.com>, \\D"),
            "\"A \\\"B\\\" <c@example.com>, \\\\D\""
        );
    }

    #[test]
    fn a_display_name_outside_ascii_becomes_encoded_words_of_75_characters_at_most() {
        assert_eq!(display_name("Zoë"), "=?UTF-8?B?Wm/Dqw==?=");
        for name in [
            "日本".repeat(20),
            "é".repeat(60),
            format!("é{}", "x".repeat(99)),
        ] {
            let mut decoded = Vec::new();
            for word in display_name(&name).split(' ') {
                assert!(word.len() <= 75, "{word}");
                let base64 = word.trim_start_matches("=?UTF-8?B?").trim_end_matches("?=");
                let chunk = BASE64_STANDARD.decode(base64).unwrap_or_default();
                assert!(std::str::from_utf8(&chunk).is_ok(), "{word}");
                decoded.extend(chunk);
            }
            assert_eq!(decoded, name.as_bytes());
        }
    }
}
