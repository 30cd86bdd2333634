use std::fmt;
use std::str::FromStr;

use fhir::Reference;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use crate::{Email, NotAnId};

/// The five kinds of resource that a membership's `profile` may point to (seed guide, "Profiles").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProfileType {
    /// A person who receives care.
    Patient,
    /// A member of staff.
    Practitioner,
    /// A family member or caregiver of a patient.
    RelatedPerson,
    /// An application with an API key.
    ClientApplication,
    /// A custom function.
    Bot,
}

impl ProfileType {
    /// Every profile type, persons first: the order in which lists are kept.
    pub const ALL: [Self; 5] = [
        Self::Patient,
        Self::Practitioner,
        Self::RelatedPerson,
        Self::ClientApplication,
        Self::Bot,
    ];

    /// The FHIR type name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Patient => "Patient",
            Self::Practitioner => "Practitioner",
            Self::RelatedPerson => "RelatedPerson",
            Self::ClientApplication => "ClientApplication",
            Self::Bot => "Bot",
        }
    }

    /// Whether the profile stands for a human being, not for a program.
    pub fn is_person(self) -> bool {
        matches!(
            self,
            Self::Patient | Self::Practitioner | Self::RelatedPerson
        )
    }
}

impl fmt::Display for ProfileType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no profile type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a profile type")]
pub struct NotAProfileType;

impl FromStr for ProfileType {
    type Err = NotAProfileType;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(NotAProfileType)
    }
}

/// A reference to a profile: `Practitioner/{id}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProfileRef {
    /// The type part.
    pub kind: ProfileType,
    /// The id part.
    pub id: Uuid,
}

impl fmt::Display for ProfileRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.id)
    }
}

impl FromStr for ProfileRef {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (kind, id) = text.split_once('/').ok_or(NotAnId)?;
        let kind = kind.parse().map_err(|_| NotAnId)?;
        Ok(Self {
            kind,
            id: crate::id::parse(id)?,
        })
    }
}

impl ProfileRef {
    /// The FHIR reference, with the person's name as display.
    pub fn with_display(self, display: Option<String>) -> Reference {
        Reference {
            reference: self.to_string(),
            display,
        }
    }
}

/// The body of a person's profile as the server makes it from an invitation (contract: resource models, profiles): the name, and
/// the address as a work e-mail.
pub fn person_body(first_name: &str, last_name: &str, email: Option<&Email>) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert(
        "name".into(),
        json!([{ "given": [first_name], "family": last_name }]),
    );
    if let Some(email) = email {
        let telecom = json!([{ "system": "email", "use": "work", "value": email.as_str() }]);
        body.insert("telecom".into(), telecom);
    }
    body
}

/// A person's profile with another address in use: the new one as a work e-mail, the former one marked as old.
pub fn with_new_email(
    body: &Map<String, Value>,
    former: Option<&str>,
    email: &Email,
) -> Map<String, Value> {
    let mut body = body.clone();
    let telecom = body.entry("telecom").or_insert_with(|| json!([]));
    let mut points = telecom.as_array().cloned().unwrap_or_default();
    let is = |point: &Value, address: &str| {
        let value = point["value"]
            .as_str()
            .and_then(|value| value.parse::<Email>().ok());
        point["system"] == "email" && value.is_some_and(|value| value.as_str() == address)
    };
    points.retain(|point| !is(point, email.as_str()));
    for point in &mut points {
        if former.is_some_and(|former| is(point, former)) {
            point["use"] = "old".into();
        }
    }
    points.push(json!({ "use": "work", "system": "email", "value": email.as_str() }));
    *telecom = Value::Array(points);
    body
}

/// The e-mail addresses of a person's profile that are in use, in normal form: what the index by e-mail is kept for.
pub fn emails(body: &Map<String, Value>) -> Vec<Email> {
    let telecom = body
        .get("telecom")
        .and_then(Value::as_array)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let mut found: Vec<Email> = Vec::new();
    let in_use = |point: &&Value| point["system"] == "email" && point["use"] != "old";
    for point in telecom.iter().filter(in_use) {
        let Some(email) = point["value"].as_str().and_then(|value| value.parse().ok()) else {
            continue;
        };
        if !found.contains(&email) {
            found.push(email);
        }
    }
    found
}
