use fhir::path::Expression;
use fhir::{Reference, Resource};
use serde_json::{Map, Value, json};

use super::address::AddressRule;
use super::{Criteria, Interaction, Parameters};

/// What a readonly rule is said to allow, in the recorded order.
const READING: [&str; 4] = ["search", "read", "history", "vread"];

/// An AccessPolicy that a membership refers to, with the parameters it gives.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The policy, with its name as words.
    pub reference: Reference,
    /// Its entries (`AccessPolicy.resource`).
    pub entries: Vec<Value>,
    /// What stands for the names in its criteria.
    pub parameters: Parameters,
    /// What new resources belong to (`AccessPolicy.compartment`), as the policy has it.
    pub compartment: Option<String>,
    /// From where one may sign in.
    pub addresses: Vec<AddressRule>,
}

impl Policy {
    /// Reads a stored policy.
    pub fn read(resource: &Resource, parameters: Parameters) -> Self {
        let entries = resource.body.get("resource").and_then(Value::as_array);
        let compartment = resource.body.get("compartment");
        let compartment = compartment.and_then(|it| it.get("reference")?.as_str());
        Self {
            reference: resource.reference(),
            entries: entries.cloned().unwrap_or_default(),
            parameters,
            compartment: compartment.map(str::to_owned),
            addresses: AddressRule::of_policy(resource),
        }
    }
}

/// From where a rule comes.
#[derive(Clone, Debug, PartialEq)]
pub enum Source {
    /// An entry of a policy, by its place from 0.
    Policy {
        /// The policy.
        policy: Reference,
        /// The entry's place in `AccessPolicy.resource`.
        entry: usize,
    },
    /// The membership names no policy.
    NoPolicy,
    /// Definitions are readable by every member.
    Definitions,
    /// The member is an administrator of the project.
    Admin,
    /// The member is a server administrator.
    SuperAdmin,
}

/// One rule that a member is under.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// From where it comes.
    pub source: Source,
    /// The type it is about; `*` is any type that is not for administrators only.
    pub kind: String,
    /// Types that a `*` does not mean.
    pub except: &'static [&'static str],
    /// What it allows; `None` is everything.
    pub interactions: Option<Vec<Interaction>>,
    /// Fields that are not shown, and stay as they are.
    pub hidden: Vec<String>,
    /// Fields that stay as they are.
    pub readonly: Vec<String>,
    /// What must be true of a resource that is written; `None` stands for what cannot be understood, and never is.
    pub constraints: Vec<Option<Expression>>,
    /// What a resource must match.
    pub(super) criteria: Option<Written>,
    /// The entry of the policy as it is written.
    entry: Option<Map<String, Value>>,
}

/// A condition as the policy has it; for `*` it is read for the type that is asked about.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Written {
    text: String,
    parameters: Parameters,
}

impl Rule {
    /// A rule that a role or the lack of a policy brings.
    pub(super) fn implied(source: Source, kind: &str) -> Self {
        Self {
            source,
            kind: kind.to_owned(),
            except: &[],
            interactions: None,
            hidden: Vec::new(),
            readonly: Vec::new(),
            constraints: Vec::new(),
            criteria: None,
            entry: None,
        }
    }

    /// Only reading.
    pub(super) fn readonly(self) -> Self {
        let reading = Interaction::ALL.into_iter().filter(|it| it.only_reads());
        Self {
            interactions: Some(reading.collect()),
            ..self
        }
    }

    /// Only what matches.
    pub(super) fn where_(self, criteria: String) -> Self {
        Self {
            criteria: Some(Written {
                text: criteria,
                parameters: Parameters::default(),
            }),
            ..self
        }
    }

    /// Without some types.
    pub(super) fn excepting(self, except: &'static [&'static str]) -> Self {
        Self { except, ..self }
    }

    /// With fields that stay as they are, and some that are not even shown.
    pub(super) fn keeping(self, readonly: &[&str], hidden: &[&str]) -> Self {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            readonly: owned(readonly),
            hidden: owned(hidden),
            ..self
        }
    }

    /// The rules of a policy, in its order. An entry without a type is none.
    pub(super) fn of_policy(policy: &Policy) -> impl Iterator<Item = Self> {
        let entries = policy.entries.iter().enumerate();
        entries.filter_map(|(entry, body)| {
            let source = Source::Policy {
                policy: policy.reference.clone(),
                entry,
            };
            Self::of_entry(source, body.as_object()?, &policy.parameters)
        })
    }

    fn of_entry(
        source: Source,
        entry: &Map<String, Value>,
        parameters: &Parameters,
    ) -> Option<Self> {
        let rule = Self::implied(source, entry.get("resourceType")?.as_str()?);
        let list = |name: &str| entry.get(name).and_then(Value::as_array);
        let words = |name: &str| -> Vec<String> {
            let words = list(name).into_iter().flatten().filter_map(Value::as_str);
            words.map(str::to_owned).collect()
        };
        let named = list("interaction").filter(|list| !list.is_empty());
        let interactions = named.map(|list| {
            let words = list.iter().filter_map(Value::as_str);
            words.filter_map(|word| word.parse().ok()).collect()
        });
        let criteria = entry.get("criteria").and_then(Value::as_str);
        let criteria = criteria.filter(|text| !text.is_empty());
        let mut told = entry.clone();
        let rule = match interactions {
            None if entry.get("readonly") == Some(&Value::Bool(true)) => {
                told.insert("interaction".into(), json!(READING));
                rule.readonly()
            }
            interactions => Self {
                interactions,
                ..rule
            },
        };
        Some(Self {
            criteria: criteria.map(|text| Written {
                text: text.to_owned(),
                parameters: parameters.clone(),
            }),
            hidden: words("hiddenFields"),
            readonly: words("readonlyFields"),
            constraints: list("writeConstraint")
                .into_iter()
                .flatten()
                .map(expression)
                .collect(),
            entry: Some(told),
            ..rule
        })
    }

    /// The condition as the policy has it.
    pub fn criteria_text(&self) -> Option<&str> {
        self.criteria.as_ref().map(|written| written.text.as_str())
    }

    /// The condition for resources of `kind`; contents of any kind have none (contract: evaluating a rule, Binary).
    pub fn criteria_for(&self, kind: &str) -> Option<Criteria> {
        let written = self.criteria.as_ref().filter(|_| kind != "Binary")?;
        Some(Criteria::read(&written.text, kind, &written.parameters))
    }

    /// The rule as an entry of a policy, with the parameters put in.
    pub fn to_json(&self) -> Value {
        let mut entry = match &self.entry {
            Some(entry) => entry.clone(),
            None => self.as_entry(),
        };
        if let Some(criteria) = &self.criteria {
            let filled = criteria.parameters.fill(&criteria.text);
            entry.insert("criteria".into(), filled.into());
        }
        Value::Object(entry)
    }

    fn as_entry(&self) -> Map<String, Value> {
        let mut entry = Map::new();
        let mut say = |name: &str, value: Value| drop(entry.insert(name.to_owned(), value));
        say("resourceType", self.kind.clone().into());
        if self.interactions.is_some() {
            say("readonly", true.into());
        }
        if let Some(criteria) = &self.criteria {
            say("criteria", criteria.text.clone().into());
        }
        for (name, fields) in [
            ("readonlyFields", &self.readonly),
            ("hiddenFields", &self.hidden),
        ] {
            if !fields.is_empty() {
                say(name, json!(fields));
            }
        }
        entry
    }
}

/// A write constraint; `None` when it is not understood.
fn expression(constraint: &Value) -> Option<Expression> {
    Expression::parse(constraint.get("expression")?.as_str()?).ok()
}
