use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

/// Deeper values are refused before they can exhaust a stack; FHIR resources nest about a dozen levels.
const DEEPEST: usize = 32;

/// Why a body is not a value we work with, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct ParseProblem {
    /// Where reading stopped: `name[0].given[1]`; empty at the top.
    pub path: String,
    /// What stopped it.
    pub reason: Unreadable,
}

/// The ways in which a body can be unreadable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not JSON, or not UTF-8; the words are the recorded ones.
    #[error("Content could not be parsed")]
    NotJson,
    /// More than 32 levels.
    #[error("Content is nested too deeply")]
    TooDeep,
    /// The same name twice in one object: readers disagree on which one counts.
    #[error("Duplicate property \"{0}\"")]
    Duplicate(String),
    /// U+0000 in a text or a name.
    #[error("Text cannot contain null characters")]
    Nul,
    /// Half of a surrogate pair: not a Unicode text.
    #[error("Text is not valid Unicode")]
    LoneSurrogate,
}

/// Reads a JSON body; hostile bytes are an error with a place, never a panic.
///
/// # Errors
/// [`ParseProblem`] for anything in [`Unreadable`].
pub fn parse_json(bytes: &[u8]) -> Result<Value, ParseProblem> {
    let mut place = Place::default();
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read = Seed(&mut place).deserialize(&mut reader);
    let read = read.and_then(|value| reader.end().map(|()| value));
    read.map_err(|error| ParseProblem {
        path: place.path(),
        reason: place.reason.unwrap_or_else(|| said_by(&error)),
    })
}

/// `serde_json` tells a broken surrogate pair from other syntax only in words.
fn said_by(error: &serde_json::Error) -> Unreadable {
    let words = error.to_string();
    if words.contains("surrogate") || words.contains("unexpected end of hex escape") {
        Unreadable::LoneSurrogate
    } else {
        Unreadable::NotJson
    }
}

/// Where the reader stands. A step is taken back only on success, so that after an error the path names the culprit.
#[derive(Default)]
struct Place {
    steps: Vec<Step>,
    reason: Option<Unreadable>,
}

enum Step {
    Name(String),
    Index(usize),
}

impl Place {
    fn path(&self) -> String {
        let mut path = String::new();
        for step in &self.steps {
            match step {
                Step::Name(name) if path.is_empty() => path.push_str(name),
                Step::Name(name) => path.extend([".", name]),
                Step::Index(index) => path.push_str(&format!("[{index}]")),
            }
        }
        path
    }

    fn refuse<T, E: Error>(&mut self, reason: Unreadable) -> Result<T, E> {
        let error = E::custom(&reason);
        self.reason = Some(reason);
        Err(error)
    }

    fn text<E: Error>(&mut self, text: &str) -> Result<(), E> {
        if text.contains('\0') {
            return self.refuse(Unreadable::Nul);
        }
        Ok(())
    }
}

struct Seed<'a>(&'a mut Place);

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(truth.into())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(number.into())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        self.0.text(text)?;
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        loop {
            if self.0.steps.len() >= DEEPEST {
                return self.0.refuse(Unreadable::TooDeep);
            }
            self.0.steps.push(Step::Index(list.len()));
            let item = items.next_element_seed(Seed(self.0))?;
            self.0.steps.pop();
            match item {
                Some(item) => list.push(item),
                None => return Ok(Value::Array(list)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            if self.0.steps.len() >= DEEPEST {
                return self.0.refuse(Unreadable::TooDeep);
            }
            self.0.text(&name)?;
            self.0.steps.push(Step::Name(name.clone()));
            if map.contains_key(&name) {
                return self.0.refuse(Unreadable::Duplicate(name));
            }
            let value = fields.next_value_seed(Seed(self.0))?;
            self.0.steps.pop();
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop here")]
    use super::*;

    fn problem(text: &str) -> (String, Unreadable) {
        let problem = parse_json(text.as_bytes()).unwrap_err();
        (problem.path, problem.reason)
    }

    #[test]
    fn a_good_body_is_the_same_value_serde_json_reads() {
        let text = r#"{"a":[1,-2,3.5,true,null,"x"],"b":{"c":[]}}"#;
        let expected: Value = serde_json::from_str(text).unwrap();
        assert_eq!(parse_json(text.as_bytes()).unwrap(), expected);
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        use Unreadable::{Duplicate, LoneSurrogate, NotJson, Nul};
        let named = |path: &str, reason| (path.to_owned(), reason);
        assert_eq!(
            problem(r#"{"a":[{"b":1,"b":2}]}"#),
            named("a[0].b", Duplicate("b".into()))
        );
        assert_eq!(problem(r#"{"a":["x","\u0000"]}"#), named("a[1]", Nul));
        assert_eq!(problem(r#"{"\u0000":1}"#), named("", Nul));
        assert_eq!(problem(r#"{"a":"\ud800"}"#), named("a", LoneSurrogate));
        assert_eq!(problem(r#"{"a":"\udc00x"}"#), named("a", LoneSurrogate));
        assert_eq!(
            problem(r#"{"a":"\ud800\ud800"}"#),
            named("a", LoneSurrogate)
        );
        assert_eq!(problem(r#"{"a":1} x"#), named("", NotJson));
        assert_eq!(problem(""), named("", NotJson));
        assert_eq!(parse_json(b"\"\xff\"").unwrap_err().reason, NotJson);
    }

    #[test]
    fn nesting_ends_at_32_levels() {
        let nested = |levels: usize| format!("{}1{}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse_json(nested(32).as_bytes()).is_ok());
        assert_eq!(problem(&nested(33)).1, Unreadable::TooDeep);
        assert_eq!(problem(&"[".repeat(1_000_000)).1, Unreadable::TooDeep);
        assert_eq!(problem(&r#"{"a":"#.repeat(100_000)).1, Unreadable::TooDeep);
    }
}
