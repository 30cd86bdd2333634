use fhir::Resource;

use super::standing::{ADMINISTRATIVE, PROTECTED};
use super::{Interaction, Lens, Rule};

/// What somebody wants to do.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// With resources of which type.
    pub kind: &'a str,
    /// Doing what.
    pub interaction: Interaction,
    /// With which one; none asks about the type.
    pub resource: Option<&'a Resource>,
}

/// What one rule says to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is about another type.
    OtherType,
    /// It does not allow this.
    OtherInteraction,
    /// Its criteria cannot be understood, and match nothing.
    Unreadable,
    /// The resource does not match its criteria.
    NoMatch,
    /// It allows this for the resources that match its criteria.
    Partly,
    /// It allows this.
    Allows,
}

/// What all rules say together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Whether it is allowed; about a type with criteria: whether it is for some resources.
    pub allowed: bool,
    /// The rule that decides, by its place.
    pub rule: Option<usize>,
    /// What each rule says.
    pub verdicts: Vec<Verdict>,
}

/// Decides one question; for many about one type there is a [`Lens`].
pub fn decide(rules: &[Rule], asked: Asked<'_>) -> Decision {
    Lens::of(rules, asked.kind, asked.interaction).decide(asked.resource)
}

pub(super) fn is_about(rule: &Rule, kind: &str) -> bool {
    let closed = ADMINISTRATIVE.contains(&kind) || PROTECTED.contains(&kind);
    rule.kind == kind || (rule.kind == "*" && !closed && !rule.except.contains(&kind))
}

#[cfg(test)]
mod tests;
