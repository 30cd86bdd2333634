use super::date::DateWanted;
use super::param::{ParamKind, SearchParam};
use crate::Issue;

/// One of the OR-ed values of a filter, read according to its parameter.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Wanted {
    /// `None` does not matter; an empty system wants none.
    Token {
        system: Option<String>,
        code: Option<String>,
    },
    Boolean(bool),
    Text(String),
    Date(DateWanted),
}

impl Wanted {
    /// Reads one value, still escaped, of `param`.
    ///
    /// # Errors
    /// An issue when a boolean or a date is none.
    pub(super) fn parse(param: &SearchParam, raw: &str) -> Result<Self, Issue> {
        match param.kind {
            ParamKind::Token | ParamKind::Contact(_) => Ok(Self::token(raw)),
            ParamKind::Boolean | ParamKind::Standing => boolean(&unescape(raw)).map(Self::Boolean),
            ParamKind::Date => DateWanted::parse(&unescape(raw)).map(Self::Date),
            ParamKind::Reference if matches!(param.code, "patient" | "subject") => {
                let id = unescape(raw);
                let bare = !id.contains('/');
                Ok(Self::Text(if bare { format!("Patient/{id}") } else { id }))
            }
            _ => Ok(Self::Text(unescape(raw))),
        }
    }

    /// `system|code`, `system|`, `|code` or `code`.
    pub(super) fn token(raw: &str) -> Self {
        let (system, code) = match split(raw, '|')[..] {
            [code] => (None, code),
            [system, ..] => (Some(unescape(system)), &raw[system.len() + 1..]),
            [] => (None, ""),
        };
        let code = unescape(code);
        let any_code = code.is_empty() && system.as_ref().is_some_and(|system| !system.is_empty());
        Self::Token {
            system,
            code: (!any_code).then_some(code),
        }
    }
}

/// Reads `true` or `false`.
pub(super) fn boolean(text: &str) -> Result<bool, Issue> {
    let words = "Boolean search value must be 'true' or 'false'";
    text.parse().map_err(|_| Issue::error("invalid", words))
}

/// The pieces between unescaped separators, still escaped; always at least one.
pub(super) fn split(text: &str, separator: char) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        if escaped {
            escaped = false;
        } else if character == '\\' {
            escaped = true;
        } else if character == separator {
            pieces.push(&text[start..at]);
            start = at + separator.len_utf8();
        }
    }
    pieces.push(&text[start..]);
    pieces
}

/// The text without its escapes: a backslash gives the next character as it is.
pub(super) fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => plain.extend(characters.next()),
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backslash_takes_the_meaning_from_a_comma_and_a_bar() {
        assert_eq!(split(r"a\,b,c,", ','), [r"a\,b", "c", ""]);
        assert_eq!(unescape(r"a\,b\\c\"), r"a,b\c");
        let token = |system: Option<&str>, code: Option<&str>| Wanted::Token {
            system: system.map(str::to_owned),
            code: code.map(str::to_owned),
        };
        assert_eq!(Wanted::token("x"), token(None, Some("x")));
        assert_eq!(Wanted::token("s|"), token(Some("s"), None));
        assert_eq!(Wanted::token("|x"), token(Some(""), Some("x")));
        assert_eq!(Wanted::token(r"a\|b"), token(None, Some("a|b")));
        assert_eq!(Wanted::token("s|a|b"), token(Some("s"), Some("a|b")));
    }
}
