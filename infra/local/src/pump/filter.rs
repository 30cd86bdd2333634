use serde_json::{Map, Value};

use crate::Advice;

/// An event filter of an event source mapping: fields that a record must have, with the values they may have.
///
/// Understood are the rules of Lambda's event filtering for text, numbers and presence: equality lists, `exists`, `prefix`,
/// `suffix`, `anything-but`, `equals-ignore-case` and `$or`. An array in the record matches when one of its elements does.
#[derive(Clone, Debug, PartialEq)]
pub struct Pattern(Vec<Rule>);

#[derive(Clone, Debug, PartialEq)]
enum Rule {
    /// The field must match what is below it.
    Field(String, Pattern),
    /// The field's value must satisfy one of the tests.
    Leaf(String, Vec<Test>),
    /// One of the patterns must match at this level.
    Or(Vec<Pattern>),
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    Equals(Value),
    EqualsIgnoreCase(String),
    Exists(bool),
    Prefix(String),
    Suffix(String),
    AnythingBut(Vec<Test>),
}

impl Pattern {
    /// Reads a pattern from the JSON text that a template's `FilterCriteria` holds.
    ///
    /// # Errors
    /// It is not a JSON object, or it uses an operator that is not listed above: better no stream than a wrong one.
    pub fn parse(text: &str) -> Result<Self, Advice> {
        let value: Value = serde_json::from_str(text).unwrap_or_default();
        let fields = value.as_object();
        fields.and_then(fields_of).ok_or_else(|| {
            Advice::new(format!("Write the event filter {text} with equality lists, exists, prefix, suffix, anything-but or $or."))
        })
    }

    /// Whether a stream record passes.
    pub fn matches(&self, record: &Value) -> bool {
        self.0.iter().all(|rule| rule.holds(record))
    }
}

impl Rule {
    fn holds(&self, record: &Value) -> bool {
        match self {
            Self::Field(name, below) => below.matches(record.get(name).unwrap_or(&Value::Null)),
            Self::Leaf(name, tests) => tests.iter().any(|test| test.holds(record.get(name))),
            Self::Or(patterns) => patterns.iter().any(|pattern| pattern.matches(record)),
        }
    }
}

impl Test {
    /// `found` is `None` when the record has no such field.
    fn holds(&self, found: Option<&Value>) -> bool {
        if let Self::Exists(wanted) = self {
            // A map or a missing field is no value, as in Lambda: `exists` looks at leaves only.
            return found.is_some_and(|value| !value.is_object()) == *wanted;
        }
        match found {
            None => false,
            Some(Value::Array(elements)) => elements.iter().any(|element| self.accepts(element)),
            Some(value) => self.accepts(value),
        }
    }

    fn accepts(&self, value: &Value) -> bool {
        let text = value.as_str();
        match self {
            Self::Equals(wanted) => value == wanted,
            Self::EqualsIgnoreCase(wanted) => {
                text.is_some_and(|text| text.eq_ignore_ascii_case(wanted))
            }
            Self::Prefix(prefix) => text.is_some_and(|text| text.starts_with(prefix)),
            Self::Suffix(suffix) => text.is_some_and(|text| text.ends_with(suffix)),
            Self::AnythingBut(tests) => !tests.iter().any(|test| test.accepts(value)),
            Self::Exists(wanted) => *wanted,
        }
    }
}

fn fields_of(fields: &Map<String, Value>) -> Option<Pattern> {
    let rules = fields
        .iter()
        .map(|(name, wanted)| match (name.as_str(), wanted) {
            ("$or", Value::Array(patterns)) => {
                let patterns = patterns
                    .iter()
                    .map(|pattern| fields_of(pattern.as_object()?));
                Some(Rule::Or(patterns.collect::<Option<_>>()?))
            }
            (_, Value::Object(below)) => Some(Rule::Field(name.clone(), fields_of(below)?)),
            (_, Value::Array(tests)) => Some(Rule::Leaf(name.clone(), tests_of(tests)?)),
            _ => None,
        });
    rules.collect::<Option<_>>().map(Pattern)
}

fn tests_of(tests: &[Value]) -> Option<Vec<Test>> {
    tests.iter().map(test_of).collect()
}

fn test_of(test: &Value) -> Option<Test> {
    let Value::Object(operator) = test else {
        return Some(Test::Equals(test.clone()));
    };
    let (name, operand) = operator.iter().next()?;
    let text = || operand.as_str().map(str::to_owned);
    match name.as_str() {
        "exists" => operand.as_bool().map(Test::Exists),
        "prefix" => text().map(Test::Prefix),
        "suffix" => text().map(Test::Suffix),
        "equals-ignore-case" => text().map(Test::EqualsIgnoreCase),
        "anything-but" => match operand {
            Value::Array(values) => tests_of(values).map(Test::AnythingBut),
            value => Some(Test::AnythingBut(vec![test_of(value)?])),
        },
        _ => None,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop here")]
mod tests {
    use super::*;
    use serde_json::json;

    fn record() -> Value {
        json!({
            "eventName": "MODIFY",
            "dynamodb": {
                "Keys": { "PK": { "S": "REQUEST#1" } },
                "NewImage": { "delivery": { "S": "queued" }, "sendSeq": { "N": "2" }, "tags": { "SS": ["a", "b"] } },
            },
        })
    }

    #[track_caller]
    fn check(pattern: &Value, expected: bool) {
        assert_eq!(
            Pattern::parse(&pattern.to_string())
                .unwrap()
                .matches(&record()),
            expected,
            "{pattern}"
        );
    }

    #[test]
    fn equality_lists_are_alternatives_and_fields_are_conditions() {
        check(&json!({ "eventName": ["INSERT", "MODIFY"] }), true);
        check(&json!({ "eventName": ["INSERT"] }), false);
        check(
            &json!({ "eventName": ["MODIFY"], "dynamodb": { "NewImage": { "delivery": { "S": ["queued"] } } } }),
            true,
        );
        check(
            &json!({ "eventName": ["MODIFY"], "dynamodb": { "NewImage": { "delivery": { "S": ["sent"] } } } }),
            false,
        );
        check(&json!({}), true);
    }

    #[test]
    fn presence_is_judged_at_the_leaf_even_below_a_missing_field() {
        check(
            &json!({ "dynamodb": { "OldImage": { "delivery": { "S": [{ "exists": false }] } } } }),
            true,
        );
        check(
            &json!({ "dynamodb": { "NewImage": { "delivery": { "S": [{ "exists": true }] } } } }),
            true,
        );
        check(
            &json!({ "dynamodb": { "NewImage": { "delivery": { "S": [{ "exists": false }] } } } }),
            false,
        );
        check(
            &json!({ "dynamodb": { "NewImage": [{ "exists": true }] } }),
            false,
        );
    }

    #[test]
    fn anything_but_needs_a_value_to_differ() {
        check(
            &json!({ "dynamodb": { "NewImage": { "delivery": { "S": [{ "anything-but": ["sent", "failed"] }] } } } }),
            true,
        );
        check(
            &json!({ "dynamodb": { "NewImage": { "delivery": { "S": [{ "anything-but": "queued" }] } } } }),
            false,
        );
        check(
            &json!({ "dynamodb": { "NewImage": { "gone": { "S": [{ "anything-but": "queued" }] } } } }),
            false,
        );
        check(
            &json!({ "dynamodb": { "Keys": { "PK": { "S": [{ "anything-but": { "prefix": "P#" } }] } } } }),
            true,
        );
    }

    #[test]
    fn prefixes_sets_and_alternatives_are_understood() {
        check(
            &json!({ "dynamodb": { "Keys": { "PK": { "S": [{ "prefix": "REQUEST#" }] } } } }),
            true,
        );
        check(
            &json!({ "dynamodb": { "NewImage": { "tags": { "SS": ["b"] } } } }),
            true,
        );
        check(
            &json!({ "$or": [{ "eventName": ["INSERT"] }, { "dynamodb": { "NewImage": { "sendSeq": { "N": ["2"] } } } }] }),
            true,
        );
    }

    #[test]
    fn an_operator_that_is_not_understood_is_refused_and_never_guessed() {
        assert!(Pattern::parse(r#"{ "a": [{ "cidr": "10.0.0.0/8" }] }"#).is_err());
        assert!(Pattern::parse(r#"{ "a": "not a list" }"#).is_err());
        assert!(Pattern::parse("not JSON").is_err());
    }
}
