/// Which FHIR issue code a [`Fault`] carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// `invalid`: a value that a request rule refuses.
    Invalid,
    /// `structure`: a resource that does not fit its definition.
    Structure,
    /// `invariant`: a resource that fits its definition but breaks one of its rules.
    Invariant,
    /// `business-rule`: a field that is settled and cannot be given another value.
    Settled,
}

/// One badly formed field. Faults are collected, so that a caller meets all mistakes at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The issue code.
    pub kind: FaultKind,
    /// What is wrong, in the words that clients show to people.
    pub text: String,
    /// The field: a plain name (`firstName`) for request bodies, a path (`Project.bogus`) for resources.
    pub expression: Option<String>,
}

impl Fault {
    /// A request rule broken by `field`.
    pub fn invalid(field: &str, text: impl Into<String>) -> Self {
        Self {
            kind: FaultKind::Invalid,
            text: text.into(),
            expression: Some(field.to_owned()),
        }
    }

    /// A request rule that belongs to no single field.
    pub fn general(text: impl Into<String>) -> Self {
        Self {
            kind: FaultKind::Invalid,
            text: text.into(),
            expression: None,
        }
    }

    /// Another value for `field`, which is settled.
    pub fn settled(field: &str, text: impl Into<String>) -> Self {
        Self {
            kind: FaultKind::Settled,
            ..Self::invalid(field, text)
        }
    }

    /// A resource that does not fit its definition at `path`.
    pub fn structure(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            kind: FaultKind::Structure,
            text: text.into(),
            expression: Some(path.into()),
        }
    }
}
