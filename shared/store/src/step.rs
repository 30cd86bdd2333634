//! One conditional write of a transaction, and what it means when its condition does not hold.

mod apply;
mod merge;
mod request;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Dice, Refusal, RequestId};
use uuid::Uuid;

use crate::keys::Key;
use crate::row::{self, Item};

/// What a failed condition means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Otherwise {
    /// The rules say no.
    Refuse(Refusal),
    /// Something changed since it was read: read again and decide anew.
    Reread,
    /// Nothing stood in the way, and nothing is written: it was a rehearsal.
    Rehearsed,
}

/// One conditional write.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    write: Write,
    condition: Option<&'static str>,
    values: HashMap<String, AttributeValue>,
    otherwise: Otherwise,
    count: Option<Count>,
}

/// A number of a row that grows or shrinks, however many do that to it: nobody has to know what it is.
#[derive(Clone, Debug, PartialEq)]
struct Count {
    attribute: &'static str,
    by: i64,
    /// Less than this it does not become.
    least: Option<i64>,
}

#[derive(Clone, Debug, PartialEq)]
enum Write {
    Put(Item),
    Update(Item, &'static str),
    Delete(Item),
    Check(Item),
}

impl Step {
    /// A row that must not exist yet.
    pub(crate) fn create(item: Item) -> Self {
        Self::new(Write::Put(item)).when("attribute_not_exists(PK)")
    }

    /// A row whose key is drawn afresh (an event, a past version): nothing can stand there yet.
    pub(crate) fn append(item: Item) -> Self {
        Self::new(Write::Put(item))
    }

    /// A row that replaces the one which was read with `version`.
    pub(crate) fn replace(item: Item, version: Uuid) -> Self {
        Self::new(Write::Put(item)).unchanged_since(version)
    }

    /// An update by `expression`.
    pub(crate) fn update(key: &Key, expression: &'static str) -> Self {
        Self::new(Write::Update(row::place(key), expression))
    }

    /// A row that exists has so much more, or less, of something.
    pub(crate) fn count(key: &Key, attribute: &'static str, by: i64) -> Self {
        Self {
            count: Some(Count {
                attribute,
                by,
                least: None,
            }),
            ..Self::update(key, "")
        }
    }

    /// Less than this does not remain.
    #[must_use]
    pub(crate) fn leaving(mut self, least: i64) -> Self {
        if let Some(count) = &mut self.count {
            count.least = Some(least);
        }
        self
    }

    /// A deletion.
    pub(crate) fn delete(key: &Key) -> Self {
        Self::new(Write::Delete(row::place(key)))
    }

    /// A condition on a row that is not written.
    pub(crate) fn check(key: &Key) -> Self {
        Self::new(Write::Check(row::place(key)))
    }

    /// What never holds: the row's id is drawn afresh. As the last step of a transaction it makes a rehearsal of it.
    pub(crate) fn never(dice: Dice) -> Self {
        let nobody = Key::Request(RequestId::new(dice.id()));
        let mut step = Self::check(&nobody).when("attribute_exists(PK)");
        step.otherwise = Otherwise::Rehearsed;
        step
    }

    /// What must hold of the row.
    #[must_use]
    pub(crate) fn when(mut self, condition: &'static str) -> Self {
        self.condition = Some(condition);
        self
    }

    /// The row must still be the one that was read with `version`.
    #[must_use]
    pub(crate) fn unchanged_since(self, version: Uuid) -> Self {
        self.when("ver = :read").text(":read", version.to_string())
    }

    /// A text value in the expressions.
    #[must_use]
    pub(crate) fn text(mut self, name: &str, value: impl Into<String>) -> Self {
        self.values
            .insert(name.to_owned(), AttributeValue::S(value.into()));
        self
    }

    /// A number in the expressions.
    #[must_use]
    pub(crate) fn number(mut self, name: &str, value: i64) -> Self {
        self.values
            .insert(name.to_owned(), AttributeValue::N(value.to_string()));
        self
    }

    /// Any value in the expressions.
    #[must_use]
    pub(crate) fn value(mut self, name: &str, value: AttributeValue) -> Self {
        self.values.insert(name.to_owned(), value);
        self
    }

    /// What it means when the condition does not hold. Unless said, it means that a row changed since it was read.
    #[must_use]
    pub fn or(mut self, refusal: Refusal) -> Self {
        self.otherwise = Otherwise::Refuse(refusal);
        self
    }

    /// The row that it would write, if it writes one.
    pub(crate) fn row(&self) -> Option<&Item> {
        match &self.write {
            Write::Put(item) => Some(item),
            Write::Update(..) | Write::Delete(_) | Write::Check(_) => None,
        }
    }

    pub(crate) fn otherwise(&self) -> &Otherwise {
        &self.otherwise
    }

    fn new(write: Write) -> Self {
        Self {
            write,
            condition: None,
            values: HashMap::new(),
            otherwise: Otherwise::Reread,
            count: None,
        }
    }
}
