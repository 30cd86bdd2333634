use std::cmp::Ordering;

use serde_json::Value;

use super::matching::values;
use super::param::{ParamKind, SearchParam, search_param};
use super::query::Query;
use super::subset;
use crate::{Issue, Link, Resource, human_name, search_url};

/// One key of the wanted order.
#[derive(Clone, Debug, PartialEq)]
pub struct Sort {
    /// The parameter whose values are compared.
    pub param: &'static SearchParam,
    /// From the greatest to the least.
    pub descending: bool,
}

/// How a search goes on after this page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Next {
    /// This was the last page.
    #[default]
    None,
    /// There is at least one match more; the next page is counted from the first match.
    Offset,
    /// There may be more; this text says where the reader stopped.
    Cursor(String),
}

impl Sort {
    /// Reads `-_lastUpdated,name` for resources of `kind`.
    pub(super) fn parse(kind: &str, value: &str) -> Result<Vec<Self>, Issue> {
        let keys = value.split(',').filter(|key| !key.is_empty());
        keys.map(|key| {
            let code = key.strip_prefix('-').unwrap_or(key);
            let words = || Issue::error("invalid", format!("Unknown search parameter: {code}"));
            Ok(Self {
                param: search_param(kind, code).ok_or_else(words)?,
                descending: key.starts_with('-'),
            })
        })
        .collect()
    }

    /// What is compared: the least stored value, in lower case. A resource without one comes first.
    fn key(&self, resource: &Resource) -> Option<String> {
        match self.param.kind {
            ParamKind::Id => Some(resource.id.to_string()),
            ParamKind::Project => resource.meta.project.map(|id| id.to_string()),
            ParamKind::Date if self.param.code == "_lastUpdated" => {
                Some(resource.meta.last_updated.clone())
            }
            _ => values(resource, self.param)
                .into_iter()
                .filter_map(sortable)
                .min(),
        }
    }
}

/// Names sort as people read them.
fn sortable(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number.to_string(),
        other => {
            let field = |name: &str| other.get(name).and_then(Value::as_str);
            match human_name(other) {
                Some(name) => name,
                None => field("reference")
                    .or(field("code"))
                    .or(field("value"))?
                    .to_owned(),
            }
        }
    };
    Some(text.to_lowercase())
}

impl Query {
    /// The wanted order; equal resources stand by `lastUpdated` and id, so that pages neither repeat nor skip.
    pub fn compare(&self, one: &Resource, other: &Resource) -> Ordering {
        let keys = self.sort.iter().map(|sort| {
            let order = sort.key(one).cmp(&sort.key(other));
            if sort.descending {
                order.reverse()
            } else {
                order
            }
        });
        let stable = || {
            let updated = one.meta.last_updated.cmp(&other.meta.last_updated);
            updated.then_with(|| one.id.cmp(&other.id))
        };
        keys.fold(Ordering::Equal, Ordering::then).then_with(stable)
    }

    /// Applies `_fields`, `_elements` and `_summary` to a resource that is to be shown.
    pub fn narrow(&self, resource: &mut Value) {
        match (&self.fields, self.summary.as_deref()) {
            (Some(fields), _) => {
                let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
                subset(resource, &fields);
            }
            (None, Some("true")) => subset::summary(resource),
            (None, Some("text")) => subset::subset(resource, &["text"]),
            (None, Some("data")) => subset::data(resource),
            _ => {}
        }
    }

    /// Whether the page was made for fewer matches than were asked for: no more fit into an answer.
    pub fn is_shortened(&self) -> bool {
        let asked = self.shown.iter().find(|(name, _)| name == "_count");
        let asked = asked.and_then(|(_, count)| count.parse().ok());
        asked.is_some_and(|asked: usize| self.count < asked)
    }

    /// `self`, and on a page with entries `first`, `next` and `previous`, as recorded. `base` ends with a slash.
    pub fn links(&self, base: &str, entries: usize, next: &Next) -> Vec<Link> {
        let link = |relation, page: &[(String, String)]| Link {
            relation,
            url: self.url(base, page),
        };
        let at = |offset: usize| match offset {
            0 => Vec::new(),
            offset => vec![("_offset".to_owned(), offset.to_string())],
        };
        let cursor = |text: &String| vec![("_cursor".to_owned(), text.clone())];
        let here = self.cursor.as_ref().map_or_else(|| at(self.offset), cursor);
        let mut links = vec![link("self", &here)];
        if self.count == 0 || (entries == 0 && !matches!(next, Next::Cursor(_))) {
            return links;
        }
        links.push(link("first", &[]));
        match next {
            Next::None => {}
            Next::Offset => links.push(link("next", &at(self.offset + self.count))),
            Next::Cursor(text) => links.push(link("next", &cursor(text))),
        }
        if self.offset > 0 {
            links.push(link(
                "previous",
                &at(self.offset.saturating_sub(self.count)),
            ));
        }
        links
    }

    fn url(&self, base: &str, page: &[(String, String)]) -> String {
        let mut params = self.shown.clone();
        params.extend_from_slice(page);
        search_url(base, &self.kind, &params)
    }
}
