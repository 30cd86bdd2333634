use serde_json::Value;
use uuid::Uuid;

use super::date::Span;
use super::filter::{Filter, Modifier};
use super::param::{ParamKind, SearchParam};
use super::value::Wanted;
use crate::content::is_empty;
use crate::{Reference, Resource, human_name};

impl Filter {
    /// Whether the resource meets this condition.
    pub fn matches(&self, resource: &Resource) -> bool {
        if !self.either.is_empty() {
            let meets = |all: &Vec<Self>| all.iter().all(|it| it.matches(resource));
            return self.either.iter().any(meets);
        }
        let any = || self.wanted.iter().any(|wanted| self.has(resource, wanted));
        match &self.modifier {
            Modifier::Missing(missing) => self.is_missing(resource) == *missing,
            Modifier::Not => !any(),
            _ => any(),
        }
    }

    /// Whether a resource could meet this condition whose only value of the parameter is `lowered`, a text in lower case. A `false` is
    /// certain; a `true` may turn out wrong.
    pub fn may_fit(&self, lowered: &str) -> bool {
        let has = |wanted: &Wanted| match (&self.modifier, wanted) {
            (Modifier::Exact, Wanted::Text(text)) => text.trim().to_lowercase() == lowered.trim(),
            (_, Wanted::Text(_)) => self.fits(&Value::from(lowered), wanted),
            _ => true,
        };
        match self.modifier {
            Modifier::Plain | Modifier::Exact | Modifier::Contains => self.wanted.iter().any(has),
            _ => true,
        }
    }

    fn is_missing(&self, resource: &Resource) -> bool {
        match self.param.kind {
            ParamKind::Id | ParamKind::Compartment => false,
            ParamKind::Project => resource.meta.project.is_none(),
            ParamKind::Date if self.param.code == "_lastUpdated" => false,
            _ => values(resource, self.param).is_empty(),
        }
    }

    /// Whether the resource has this one of the OR-ed values.
    fn has(&self, resource: &Resource, wanted: &Wanted) -> bool {
        match (self.param.kind, wanted) {
            (ParamKind::Id, Wanted::Text(text)) => last_part(text) == Some(resource.id),
            (ParamKind::Project, Wanted::Text(text)) => {
                let project = resource.meta.project;
                project.is_some() && last_part(text) == project
            }
            (ParamKind::Compartment, Wanted::Text(text)) => {
                let compartments = resource.compartment();
                let same = |other: &Reference| {
                    other.reference == *text
                        || (other.id().is_some()
                            && last_part(text) == other.id()
                            && !text.contains('/'))
                };
                compartments.iter().any(same)
            }
            (ParamKind::Date, Wanted::Date(date)) if self.param.code == "_lastUpdated" => {
                Span::parse(&resource.meta.last_updated).is_some_and(|span| date.fits(span))
            }
            (ParamKind::Standing, Wanted::Boolean(true)) if self.is_missing(resource) => true,
            _ => values(resource, self.param)
                .into_iter()
                .any(|value| self.fits(value, wanted)),
        }
    }

    /// Whether one stored value is the wanted one.
    fn fits(&self, value: &Value, wanted: &Wanted) -> bool {
        match (self.param.kind, wanted) {
            (ParamKind::Reference, Wanted::Token { .. }) => {
                let identifier = value.get("identifier");
                identifier.is_some_and(|identifier| is_token(identifier, wanted, str::eq))
            }
            (ParamKind::Reference, Wanted::Text(text)) => {
                value.get("reference").and_then(Value::as_str) == Some(text)
            }
            (ParamKind::ReferenceType, Wanted::Text(text)) => {
                Reference::from_json(value).is_some_and(|found| found.kind() == text)
            }
            (ParamKind::Contact(system), _) => {
                is_contact(value, system) && self.token_fits(value, wanted)
            }
            (ParamKind::Token, _) => self.token_fits(value, wanted),
            (ParamKind::Boolean | ParamKind::Standing, Wanted::Boolean(truth)) => {
                value.as_bool() == Some(*truth)
            }
            (ParamKind::Date, Wanted::Date(date)) => {
                let span = value.as_str().and_then(Span::parse);
                span.is_some_and(|span| date.fits(span))
            }
            (ParamKind::Name, Wanted::Text(text)) => self.name_fits(value, text),
            (_, Wanted::Text(text)) => value
                .as_str()
                .is_some_and(|stored| self.text_fits(stored, text)),
            _ => false,
        }
    }

    fn token_fits(&self, value: &Value, wanted: &Wanted) -> bool {
        match wanted {
            Wanted::Text(text) => readable(value).iter().any(|stored| contains(stored, text)),
            _ if matches!(self.param.kind, ParamKind::Contact(_)) => {
                is_token(value, wanted, same_in_any_case)
            }
            _ => is_token(value, wanted, str::eq),
        }
    }

    fn text_fits(&self, stored: &str, text: &str) -> bool {
        match self.modifier {
            Modifier::Exact => stored == text,
            Modifier::Contains => contains(stored, text),
            _ => stored.to_lowercase().starts_with(&text.to_lowercase()),
        }
    }

    fn name_fits(&self, value: &Value, text: &str) -> bool {
        let stored = match value {
            Value::String(stored) => Some(stored.clone()),
            name => human_name(name),
        };
        let Some(stored) = stored else { return false };
        match self.modifier {
            Modifier::Exact => stored.trim() == text.trim(),
            Modifier::Contains => contains(&stored, text),
            _ => {
                let stored = format!(
                    "{stored} {}",
                    value
                        .get("text")
                        .and_then(Value::as_str)
                        .unwrap_or_default()
                )
                .to_lowercase();
                let text = text.to_lowercase();
                let begins =
                    |word: &str| stored.split_whitespace().any(|part| part.starts_with(word));
                text.split_whitespace().all(begins)
            }
        }
    }
}

/// The stored values of a parameter, arrays walked through, empties left out.
pub(super) fn values<'a>(resource: &'a Resource, param: &SearchParam) -> Vec<&'a Value> {
    let mut found = Vec::new();
    for path in param.paths {
        match path.split_once('.') {
            Some(("meta", rest)) => walk(resource.meta.rest.get(rest), None, &mut found),
            Some((first, rest)) => walk(resource.body.get(first), Some(rest), &mut found),
            None => walk(resource.body.get(*path), None, &mut found),
        }
    }
    found
}

pub(super) fn walk<'a>(value: Option<&'a Value>, path: Option<&str>, found: &mut Vec<&'a Value>) {
    match (value, path) {
        (Some(Value::Array(items)), _) => {
            for item in items {
                walk(Some(item), path, found);
            }
        }
        (Some(value), None) if !is_empty(value) => found.push(value),
        (Some(value), Some(path)) => {
            let (first, rest) = match path.split_once('.') {
                Some((first, rest)) => (first, Some(rest)),
                None => (path, None),
            };
            walk(value.get(first), rest, found);
        }
        _ => {}
    }
}

/// A `ContactPoint` of the wanted system; a plain text is of every system.
fn is_contact(value: &Value, system: Option<&str>) -> bool {
    let Some(system) = system else { return true };
    value.is_string() || value.get("system").and_then(Value::as_str) == Some(system)
}

/// The (system, code) pairs of a token: a code, a Coding, a CodeableConcept, an Identifier or a ContactPoint.
fn is_token(value: &Value, wanted: &Wanted, same: fn(&str, &str) -> bool) -> bool {
    let Wanted::Token { system, code } = wanted else {
        return false;
    };
    if let Some(codings) = value.get("coding").and_then(Value::as_array) {
        return codings.iter().any(|coding| is_token(coding, wanted, same));
    }
    let field = |name: &str| value.get(name).and_then(Value::as_str);
    let truth = value
        .as_bool()
        .map(|truth| if truth { "true" } else { "false" });
    let stored = value
        .as_str()
        .or(truth)
        .or(field("code"))
        .or(field("value"));
    let right_system = match system {
        None => true,
        Some(system) => field("system").unwrap_or_default() == system,
    };
    let right_code = match code {
        None => stored.is_some(),
        Some(code) => stored.is_some_and(|stored| same(stored, code)),
    };
    right_system && right_code
}

/// What a person reads of a token.
fn readable(value: &Value) -> Vec<&str> {
    let field = |value, name| Value::get(value, name).and_then(Value::as_str);
    let codings = value.get("coding").and_then(Value::as_array);
    let displays = codings
        .into_iter()
        .flatten()
        .filter_map(|coding| field(coding, "display"));
    ["text", "display", "value"]
        .iter()
        .filter_map(|name| field(value, *name))
        .chain(value.as_str())
        .chain(displays)
        .collect()
}

fn contains(stored: &str, text: &str) -> bool {
    stored.to_lowercase().contains(&text.to_lowercase())
}

fn same_in_any_case(stored: &str, text: &str) -> bool {
    stored.to_lowercase() == text.to_lowercase()
}

/// The id in `Type/id` or `id`; other texts name nothing.
fn last_part(text: &str) -> Option<Uuid> {
    let id = text.rsplit('/').next().unwrap_or(text);
    (id.len() == uuid::fmt::Hyphenated::LENGTH)
        .then(|| Uuid::try_parse(id).ok())
        .flatten()
}
