use fhir::Reference;
use serde_json::Value;

use super::{Criteria, Interaction, Parameters};

/// An AccessPolicy that a membership refers to, with the parameters it gives.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The policy, with its name as words.
    pub reference: Reference,
    /// Its entries (`AccessPolicy.resource`).
    pub entries: Vec<Value>,
    /// What stands for the names in its criteria.
    pub parameters: Parameters,
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
    /// What a resource must match.
    pub(super) criteria: Option<Written>,
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
            criteria: None,
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

    /// The rules of a policy, in its order. An entry without a type is none.
    pub(super) fn of_policy(policy: &Policy) -> impl Iterator<Item = Self> {
        policy
            .entries
            .iter()
            .enumerate()
            .filter_map(|(entry, body)| {
                let source = Source::Policy {
                    policy: policy.reference.clone(),
                    entry,
                };
                let rule = Self::implied(source, body.get("resourceType")?.as_str()?);
                let named = body.get("interaction").and_then(Value::as_array);
                let interactions = named.filter(|list| !list.is_empty()).map(|list| {
                    list.iter()
                        .filter_map(|word| word.as_str()?.parse().ok())
                        .collect()
                });
                let criteria = body
                    .get("criteria")
                    .and_then(Value::as_str)
                    .filter(|text| !text.is_empty());
                let rule = match interactions {
                    None if body["readonly"] == true => rule.readonly(),
                    interactions => Self {
                        interactions,
                        ..rule
                    },
                };
                Some(Self {
                    criteria: criteria.map(|text| Written {
                        text: text.to_owned(),
                        parameters: policy.parameters.clone(),
                    }),
                    ..rule
                })
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
}
