//! Conditions on resources in a subset of FHIRPath (<http://hl7.org/fhirpath/>), for the write constraints of policies.
//!
//! | Understood | |
//! |---|---|
//! | values | paths, `[n]`, `$this`, `%name`, `'text'`, numbers, `true`, `false`, `{}` |
//! | operators | `=` `!=` `<` `<=` `>` `>=` `in` `contains` `and` `or` `xor` `implies` |
//! | functions | `exists()` `exists(…)` `empty()` `not()` `where(…)` `all(…)` `count()` `first()` `last()` `hasValue()` `startsWith(…)` `endsWith(…)` `contains(…)` `length()` `lower()` `upper()` |
//!
//! Everything else does not parse, so that nobody relies on a condition that is never checked. Dates compare as texts do.

mod evaluate;
mod parse;

use serde_json::Value;

/// A condition that was understood.
#[derive(Clone, Debug, PartialEq)]
pub struct Expression(Node);

/// The text is no expression of the subset.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not understood at character {0}")]
pub struct NotUnderstood(pub usize);

#[derive(Clone, Debug, PartialEq)]
enum Node {
    This,
    Variable(String),
    Literal(Value),
    Nothing,
    Member(Box<Node>, String),
    Index(Box<Node>, usize),
    Call(Box<Node>, Function, Option<Box<Node>>),
    Binary(Box<Node>, Operator, Box<Node>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Function {
    Exists,
    Empty,
    Not,
    Where,
    All,
    Count,
    First,
    Last,
    HasValue,
    StartsWith,
    EndsWith,
    Contains,
    Length,
    Lower,
    Upper,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Implies,
    Or,
    Xor,
    And,
    In,
    Contains,
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// [`NotUnderstood`] where the subset ends.
    pub fn parse(text: &str) -> Result<Self, NotUnderstood> {
        parse::parse(text).map(Self)
    }

    /// Whether the condition is exactly `true` on `focus`, with `variables` by their names. An unknown variable is nothing; a condition that
    /// takes too long to say is not true.
    pub fn holds(&self, focus: &Value, variables: &[(&str, Option<&Value>)]) -> bool {
        evaluate::holds(&self.0, focus, variables)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test may stop here")]
    use serde_json::json;

    use super::*;

    fn holds(text: &str) -> bool {
        let before = json!({ "resourceType": "Task", "status": "draft", "priority": "routine" });
        let after = json!({
            "resourceType": "Task", "status": "ready", "code": { "coding": [{ "code": "a" }, { "code": "b" }] },
            "note": [{ "text": "Hello World" }], "active": true, "count": 3, "date": "2026-11-26",
        });
        let variables = [("before", Some(&before)), ("after", Some(&after))];
        Expression::parse(text).unwrap().holds(&after, &variables)
    }

    #[test]
    fn what_is_true_holds() {
        for text in [
            "true",
            "status = 'ready'",
            "Task.status = 'ready'",
            "%before.status = 'draft' and %after.status = 'ready'",
            "%before.status != %after.status",
            "%before.exists() implies %before.status != 'final'",
            "%nobody.exists() implies false",
            "code.coding.code contains 'b'",
            "'a' in code.coding.code",
            "code.coding.where(code = 'a').count() = 1",
            "code.coding.all(code.exists())",
            "code.coding.exists(code = 'b')",
            "code.coding[1].code = 'b'",
            "code.coding.first().code = 'a' and code.coding.last().code = 'b'",
            "note.text.startsWith('Hello') and note.text.contains('World') and note.text.endsWith('d')",
            "note.text.lower() = 'hello world' and note.text.upper() = 'HELLO WORLD' and note.text.length() = 11",
            "count > 2 and count >= 3 and count < 4 and count <= 3",
            "date < '2027-01-01'",
            "missing.empty() and missing.exists().not()",
            "(false or true) and (true xor false)",
            "active",
            "note.exists($this.text = 'Hello World')",
            "status.hasValue() and {}.empty()",
        ] {
            assert!(holds(text), "{text}");
        }
    }

    #[test]
    fn what_is_false_or_unknown_does_not() {
        for text in [
            "false",
            "status = 'draft'",
            "missing",
            "missing = 'x'",
            "missing != 'x'",
            "status",
            "%nobody.status = 'x'",
            "code.coding.code = 'a'",
            "count > 'a'",
            "code.coding[7].exists()",
            "true and missing",
            "active.not()",
            "'3'",
            "true implies missing",
        ] {
            // A lone text is no truth, though FHIRPath reads one as such.
            assert!(!holds(text), "{text}");
        }
    }

    #[test]
    fn what_is_beyond_the_subset_does_not_parse() {
        for text in [
            "",
            "status =",
            "status = ready'",
            "name.matches('x')",
            "now() > today()",
            "a | b",
            "1 + 1 = 2",
            "a.where()",
            "a.exists(",
            "a.count(1)",
            "a[b]",
            "a b",
            "a is Patient",
            "%",
            "'unclosed",
        ] {
            assert!(Expression::parse(text).is_err(), "{text}");
        }
        assert!(Expression::parse(&"(".repeat(10_000)).is_err());
        assert!(Expression::parse(&"a.".repeat(10_000)).is_err());
    }

    #[test]
    fn a_condition_that_never_ends_is_not_true() {
        let many: Vec<Value> = (0..500).map(|n| json!({ "n": n })).collect();
        let focus = json!({ "a": many });
        let text = "%x.a.all(%x.a.all(%x.a.all(n.exists())))";
        let expression = Expression::parse(text).unwrap();
        assert!(!expression.holds(&focus, &[("x", Some(&focus))]));
    }
}
