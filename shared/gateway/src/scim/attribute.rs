//! The attributes of a user that mean something here, and what a request says about them.

use std::collections::BTreeMap;

use domain::{Email, Fault};
use serde_json::{Map, Value};

use super::{USER, field};

/// One attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Attribute {
    UserName,
    ExternalId,
    Active,
    GivenName,
    FamilyName,
    Email,
    UserType,
}

/// What a request says about a user: an attribute that is not mentioned is not there, one that is to be empty is `None`.
pub(super) type Said = BTreeMap<Attribute, Option<Value>>;

impl Attribute {
    const ALL: [Self; 7] = [
        Self::UserName,
        Self::ExternalId,
        Self::Active,
        Self::GivenName,
        Self::FamilyName,
        Self::Email,
        Self::UserType,
    ];

    /// The name on the wire, as a path.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::UserName => "userName",
            Self::ExternalId => "externalId",
            Self::Active => "active",
            Self::GivenName => "name.givenName",
            Self::FamilyName => "name.familyName",
            Self::Email => "emails",
            Self::UserType => "userType",
        }
    }

    /// The attribute of a path, in whatever case, with or without the schema before it. Any one of the addresses stands for all:
    /// a user has only one.
    pub(super) fn at(path: &str) -> Option<Self> {
        let path = without_schema(path).to_ascii_lowercase();
        let address = path == "emails.value" || path.starts_with("emails[");
        let named = Self::ALL
            .into_iter()
            .find(|attribute| attribute.name().eq_ignore_ascii_case(&path));
        named.or_else(|| address.then_some(Self::Email))
    }

    /// Reads a value.
    ///
    /// # Errors
    /// A fault for a value of another type; texts stand for truth values, because some systems send them so.
    pub(super) fn read(self, value: &Value) -> Result<Option<Value>, Fault> {
        let fault = |words: &str| Fault::invalid(self.name(), format!("{} {words}", self.name()));
        match (self, value) {
            (_, Value::Null) => Ok(None),
            (Self::Active, Value::Bool(active)) => Ok(Some((*active).into())),
            (Self::Active, Value::String(text)) => {
                match text.to_ascii_lowercase().parse::<bool>() {
                    Ok(active) => Ok(Some(active.into())),
                    Err(_) => Err(fault("must be true or false")),
                }
            }
            (Self::Active, _) => Err(fault("must be true or false")),
            (Self::Email, _) => address(value),
            (_, Value::String(text)) => Ok((!text.is_empty()).then(|| text.clone().into())),
            _ => Err(fault("must be a text")),
        }
    }
}

/// The path without the schema's name.
pub(super) fn without_schema(path: &str) -> &str {
    let head = path.get(..USER.len());
    let tail = head
        .filter(|head| head.eq_ignore_ascii_case(USER))
        .and_then(|_| path[USER.len()..].strip_prefix(':'));
    tail.unwrap_or(path)
}

/// The address that counts: the one marked as primary, or the first.
fn address(value: &Value) -> Result<Option<Value>, Fault> {
    let fault = || Fault::invalid("emails", "emails must hold valid addresses");
    let list = match value {
        Value::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    let primary = list.iter().find(|entry| entry["primary"] == true);
    let Some(entry) = primary.or(list.first()) else {
        return Ok(None);
    };
    let text = entry.as_str().or_else(|| entry["value"].as_str());
    match text {
        Some("") => Ok(None),
        Some(text) => {
            let email: Email = text.parse().map_err(|_| fault())?;
            Ok(Some(email.as_str().into()))
        }
        None => Err(fault()),
    }
}

/// What a user's object says. Attributes that mean nothing here are passed over (RFC 7644, section 3.3).
///
/// # Errors
/// One fault for each attribute of a wrong type.
pub(super) fn said(body: &Map<String, Value>) -> Result<Said, Vec<Fault>> {
    let (mut said, mut faults) = (Said::new(), Vec::new());
    if field(body, "name").is_some_and(|name| !name.is_object() && !name.is_null()) {
        faults.push(Fault::invalid("name", "name must be an object"));
    }
    for attribute in Attribute::ALL {
        let Some(value) = mentioned(body, attribute) else {
            continue;
        };
        match attribute.read(value) {
            Ok(value) => drop(said.insert(attribute, value)),
            Err(fault) => faults.push(fault),
        }
    }
    if faults.is_empty() {
        Ok(said)
    } else {
        Err(faults)
    }
}

/// The attribute's value, nested or under its whole path.
fn mentioned(body: &Map<String, Value>, attribute: Attribute) -> Option<&Value> {
    let path = attribute.name();
    let nested = || {
        let (outer, inner) = path.split_once('.')?;
        field(field(body, outer)?.as_object()?, inner)
    };
    field(body, path)
        .or_else(nested)
        .or_else(|| field(body, &format!("{USER}:{path}")))
}
