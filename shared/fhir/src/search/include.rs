use serde_json::Value;

use super::matching::values;
use super::param::{ParamKind, SearchParam, search_param};
use crate::{Issue, Reference, Resource};

/// `_include=Type:param[:target]`, or the same the other way round: `_revinclude`.
#[derive(Clone, Debug, PartialEq)]
pub struct Include {
    /// The type that holds the reference.
    pub source: String,
    /// The parameter that holds it.
    pub param: &'static SearchParam,
    /// Only references to this type.
    pub target: Option<String>,
    /// `:iterate`: also from what was included.
    pub iterate: bool,
    /// The parameter as it was sent, for links.
    pub(super) shown: (String, String),
}

impl Include {
    /// Reads one inclusion; `name` is `_include` or `_revinclude`, perhaps with `:iterate`.
    ///
    /// # Errors
    /// An issue in the upstream server's words.
    pub(super) fn parse(name: &str, value: &str) -> Result<Self, Issue> {
        let invalid = |words: String| Issue::error("invalid", words);
        if value == "*" {
            let words = "'*' is not supported as a value for search inclusion parameters";
            return Err(invalid(words.into()));
        }
        let parts: Vec<&str> = value.split(':').collect();
        let (source, code, target) = match parts[..] {
            [source, code] => (source, code, None),
            [source, code, target] => (source, code, Some(target.to_owned())),
            _ => {
                let form = "must be of the form ResourceType:search-parameter";
                return Err(invalid(format!("Invalid include value '{value}': {form}")));
            }
        };
        let unknown = || invalid(format!("Invalid include parameter: {source}:{code}"));
        Ok(Self {
            source: source.to_owned(),
            param: search_param(source, code)
                .filter(|param| param.kind == ParamKind::Reference)
                .ok_or_else(unknown)?,
            target,
            iterate: name.ends_with(":iterate"),
            shown: (name.to_owned(), value.to_owned()),
        })
    }

    /// What `resource` refers to by this inclusion; nothing when it is of another type.
    pub fn references(&self, resource: &Resource) -> Vec<Reference> {
        if resource.kind != self.source {
            return Vec::new();
        }
        values(resource, self.param)
            .into_iter()
            .filter_map(|value: &Value| Reference::from_json(value))
            .filter(|found| {
                self.target
                    .as_deref()
                    .is_none_or(|kind| kind == found.kind())
            })
            .collect()
    }
}
