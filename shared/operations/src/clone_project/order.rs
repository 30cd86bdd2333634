//! What is to be copied.

use std::collections::BTreeSet;

use domain::{Failure, Fault, Form, ProjectId};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::parameters::inputs;

/// How many ids a request may name.
const MOST_IDS: usize = 1_000;

/// A well-formed request.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Order {
    /// The name of the copy, if it is to have another one.
    pub(super) name: Option<String>,
    /// The types that are copied; all when there is none.
    types: BTreeSet<String>,
    /// The ids that are copied; all when there is none.
    include: BTreeSet<Uuid>,
    /// The ids that are not copied.
    exclude: BTreeSet<Uuid>,
    /// The project that is copied, once it is known.
    source: Option<Uuid>,
}

/// Reads the body of a request: a plain object or `Parameters`.
///
/// # Errors
/// One fault per field that is badly formed.
pub fn parse(body: &Map<String, Value>) -> Result<Order, Vec<Fault>> {
    let inputs = inputs(body);
    let mut form = Form::new(&inputs);
    let name = form.text("name").map(str::to_owned);
    let types = list(&mut form, "resourceTypes", |text| {
        fhir::known(text).then(|| text.to_owned())
    });
    let include = list(&mut form, "includeIds", |text| text.parse().ok());
    let exclude = list(&mut form, "excludeIds", |text| text.parse().ok());
    let order = Order {
        name,
        types,
        include,
        exclude,
        source: None,
    };
    form.finish(order)
}

/// A list of texts, each of which `read` understands.
fn list<T: Ord>(form: &mut Form<'_>, field: &str, read: impl Fn(&str) -> Option<T>) -> BTreeSet<T> {
    let Some(value) = form.value(field) else {
        return BTreeSet::new();
    };
    let Some(items) = value.as_array() else {
        form.fault(Fault::invalid(field, "Expected array"));
        return BTreeSet::new();
    };
    if items.len() > MOST_IDS {
        form.fault(Fault::invalid(
            field,
            format!("At most {MOST_IDS} are possible"),
        ));
        return BTreeSet::new();
    }
    let mut found = BTreeSet::new();
    for (at, item) in items.iter().enumerate() {
        match item.as_str().and_then(&read) {
            Some(item) => {
                found.insert(item);
            }
            None => form.fault(Fault::invalid(&format!("{field}[{at}]"), "Unknown value")),
        }
    }
    found
}

impl Order {
    /// Whether this is copied.
    pub(super) fn copies(&self, kind: &str, id: Uuid) -> bool {
        (self.types.is_empty() || self.types.contains(kind))
            && (self.include.is_empty() || self.include.contains(&id))
            && !self.exclude.contains(&id)
    }

    /// The same order, about this project.
    pub(super) fn within(&self, source: ProjectId) -> Self {
        Self {
            source: Some(source.uuid()),
            ..self.clone()
        }
    }

    /// The project that is copied.
    pub(super) fn source(&self) -> Result<ProjectId, Failure> {
        let source = self.source.map(ProjectId::new);
        source.ok_or_else(|| Failure::corrupt("a job", "it does not say what is copied"))
    }

    pub(super) fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    pub(super) fn from_text(text: &str) -> Result<Self, Failure> {
        serde_json::from_str(text).map_err(|cause| Failure::corrupt("a job", cause))
    }
}
