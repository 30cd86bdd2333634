use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

use super::{Function, Node, Operator};

/// Steps that one evaluation may take.
const MOST_STEPS: usize = 200_000;

type Several<'a> = Vec<Cow<'a, Value>>;

pub(super) fn holds(node: &Node, focus: &Value, variables: &[(&str, Option<&Value>)]) -> bool {
    let mut evaluation = Evaluation {
        variables,
        left: MOST_STEPS,
    };
    let value = evaluation.value(node, &Cow::Borrowed(focus));
    evaluation.left > 0 && matches!(value.as_slice(), [only] if **only == Value::Bool(true))
}

struct Evaluation<'a> {
    variables: &'a [(&'a str, Option<&'a Value>)],
    left: usize,
}

impl<'a> Evaluation<'a> {
    fn value(&mut self, node: &Node, focus: &Cow<'a, Value>) -> Several<'a> {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            return Vec::new();
        }
        match node {
            Node::This => vec![focus.clone()],
            Node::Nothing => Vec::new(),
            Node::Literal(value) => vec![Cow::Owned(value.clone())],
            Node::Variable(name) => {
                let found = self.variables.iter().find(|(of, _)| of == name);
                let value = found.and_then(|(_, value)| *value);
                value.map(Cow::Borrowed).into_iter().collect()
            }
            Node::Member(of, name) => {
                let of = self.value(of, focus);
                of.into_iter().flat_map(|it| member(it, name)).collect()
            }
            Node::Index(of, at) => self
                .value(of, focus)
                .into_iter()
                .skip(*at)
                .take(1)
                .collect(),
            Node::Call(of, function, argument) => {
                let of = self.value(of, focus);
                self.call(of, (*function, argument.as_deref()), focus)
            }
            Node::Binary(left, operator, right) => {
                let (left, right) = (self.value(left, focus), self.value(right, focus));
                truth(binary(&left, *operator, &right))
            }
        }
    }

    fn call(
        &mut self,
        of: Several<'a>,
        (function, argument): (Function, Option<&Node>),
        focus: &Cow<'a, Value>,
    ) -> Several<'a> {
        use Function::{
            All, Contains, Count, Empty, EndsWith, Exists, First, HasValue, Last, Length, Lower,
            Not, StartsWith, Upper, Where,
        };
        match (function, argument) {
            (Exists, None) => truth(Some(!of.is_empty())),
            (Exists, Some(test)) => truth(Some(!self.those(of, test).is_empty())),
            (Empty, _) => truth(Some(of.is_empty())),
            (Where, Some(test)) => self.those(of, test),
            (All, Some(test)) => {
                let all = of.len();
                truth(Some(self.those(of, test).len() == all))
            }
            (Not, _) => truth(boolean(&of).map(|it| !it)),
            (Count, _) => vec![Cow::Owned(of.len().into())],
            (First, _) => of.into_iter().take(1).collect(),
            (Last, _) => of.into_iter().last().into_iter().collect(),
            (HasValue, _) => truth(Some(
                matches!(of.as_slice(), [only] if !only.is_object() && !only.is_null()),
            )),
            (StartsWith | EndsWith | Contains, Some(part)) => {
                let part = self.value(part, focus);
                truth(
                    text(&of)
                        .zip(text(&part))
                        .map(|(text, part)| match function {
                            StartsWith => text.starts_with(part),
                            EndsWith => text.ends_with(part),
                            _ => text.contains(part),
                        }),
                )
            }
            (Length, _) => of_text(&of, |text| text.chars().count().into()),
            (Lower, _) => of_text(&of, |text| text.to_lowercase().into()),
            (Upper, _) => of_text(&of, |text| text.to_uppercase().into()),
            (Where | All | StartsWith | EndsWith | Contains, None) => Vec::new(),
        }
    }

    /// Those on which the test is true.
    fn those(&mut self, of: Several<'a>, test: &Node) -> Several<'a> {
        of.into_iter()
            .filter(|item| boolean(&self.value(test, item)) == Some(true))
            .collect()
    }
}

/// A field, arrays opened. The name of a resource's own type is the resource.
fn member<'a>(of: Cow<'a, Value>, name: &str) -> Several<'a> {
    if of.get("resourceType").and_then(Value::as_str) == Some(name) {
        return vec![of];
    }
    let several = |value: Cow<'a, Value>| match value {
        Cow::Borrowed(Value::Array(items)) => items.iter().map(Cow::Borrowed).collect(),
        Cow::Owned(Value::Array(items)) => items.into_iter().map(Cow::Owned).collect(),
        one => vec![one],
    };
    let found = match of {
        Cow::Borrowed(of) => of.get(name).map(Cow::Borrowed),
        Cow::Owned(mut of) => of.get_mut(name).map(|it| Cow::Owned(it.take())),
    };
    found.map(several).unwrap_or_default()
}

fn truth<'a>(truth: Option<bool>) -> Several<'a> {
    truth.map(|it| Cow::Owned(it.into())).into_iter().collect()
}

fn boolean(several: &[Cow<'_, Value>]) -> Option<bool> {
    match several {
        [only] => only.as_bool(),
        _ => None,
    }
}

fn text<'v>(several: &'v [Cow<'_, Value>]) -> Option<&'v str> {
    match several {
        [only] => only.as_str(),
        _ => None,
    }
}

fn of_text<'a>(several: &[Cow<'a, Value>], make: impl Fn(&str) -> Value) -> Several<'a> {
    text(several)
        .map(|text| Cow::Owned(make(text)))
        .into_iter()
        .collect()
}

/// What an operator says; nothing when it cannot say.
fn binary(left: &[Cow<'_, Value>], operator: Operator, right: &[Cow<'_, Value>]) -> Option<bool> {
    let (one, other) = (boolean(left), boolean(right));
    match operator {
        Operator::And => match (one, other) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        },
        Operator::Or => match (one, other) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        },
        Operator::Implies => match (one, other) {
            (Some(false), _) | (_, Some(true)) => Some(true),
            (Some(true), Some(false)) => Some(false),
            _ => None,
        },
        Operator::Xor => Some(one? != other?),
        Operator::Equal => same(left, right),
        Operator::Unequal => same(left, right).map(|it| !it),
        Operator::In => Some(right.contains(left.first().filter(|_| left.len() == 1)?)),
        Operator::Contains => Some(left.contains(right.first().filter(|_| right.len() == 1)?)),
        Operator::Less => order(left, right).map(Ordering::is_lt),
        Operator::LessOrEqual => order(left, right).map(Ordering::is_le),
        Operator::Greater => order(left, right).map(Ordering::is_gt),
        Operator::GreaterOrEqual => order(left, right).map(Ordering::is_ge),
    }
}

fn same(left: &[Cow<'_, Value>], right: &[Cow<'_, Value>]) -> Option<bool> {
    (!left.is_empty() && !right.is_empty()).then(|| left == right)
}

fn order(left: &[Cow<'_, Value>], right: &[Cow<'_, Value>]) -> Option<Ordering> {
    let ([left], [right]) = (left, right) else {
        return None;
    };
    match (left.as_ref(), right.as_ref()) {
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (left, right) => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}
