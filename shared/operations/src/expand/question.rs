//! What is asked of a value set.

use domain::{Failure, Fault};
use serde_json::{Map, Value};

use crate::parameters::inputs;

/// How many codes are told unless it is said, and at most.
const USUAL: usize = 10;
const MOST: usize = 1_000;

/// Which set, and which part of its codes.
#[derive(Clone, Debug)]
pub struct Question {
    pub(super) whom: Whom,
    /// In lower case.
    pub(super) filter: Option<String>,
    pub(super) offset: usize,
    pub(super) count: usize,
}

#[derive(Clone, Debug)]
pub(super) enum Whom {
    At(String),
    Id(String),
}

impl Question {
    /// Reads the parameters of a request; `id` is that of the path, if it has one.
    ///
    /// # Errors
    /// Faults that name the parameters.
    pub fn of(id: Option<&str>, pairs: &[(String, String)]) -> Result<Self, Failure> {
        let text = |name: &str| {
            let found = pairs.iter().find(|(of, _)| of == name);
            found.map(|(_, value)| value.as_str())
        };
        let number = |name: &str| -> Result<Option<usize>, Fault> {
            let number = text(name).map(str::parse).transpose();
            number.map_err(|_| Fault::invalid(name, format!("Invalid {name}")))
        };
        let whom = match (id, text("url")) {
            (Some(id), _) => Whom::Id(id.to_owned()),
            (None, Some(url)) if !url.is_empty() => Whom::At(url.to_owned()),
            (None, _) => return Err(Fault::invalid("url", "Missing url").into()),
        };
        Ok(Self {
            whom,
            filter: text("filter").map(str::to_lowercase),
            offset: number("offset")?.unwrap_or(0),
            count: number("count")?.unwrap_or(USUAL).min(MOST),
        })
    }

    /// The same of a posted `Parameters`, or of an object with the same names.
    ///
    /// # Errors
    /// As [`Question::of`].
    pub fn posted(id: Option<&str>, body: &Map<String, Value>) -> Result<Self, Failure> {
        let pairs = inputs(body).into_iter().map(|(name, value)| match value {
            Value::String(text) => (name, text),
            other => (name, other.to_string()),
        });
        Self::of(id, &pairs.collect::<Vec<_>>())
    }
}
