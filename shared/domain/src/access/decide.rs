use fhir::Resource;

use super::standing::{ADMINISTRATIVE, PROTECTED};
use super::{Interaction, Rule};

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

/// Decides: the first rule that allows counts. About a type, a rule without criteria goes before those that have some, because it opens
/// everything (contract: evaluating a rule).
pub fn decide(rules: &[Rule], asked: Asked<'_>) -> Decision {
    let verdicts: Vec<Verdict> = rules.iter().map(|rule| verdict(rule, asked)).collect();
    let first = |wanted| verdicts.iter().position(|verdict| *verdict == wanted);
    let rule = first(Verdict::Allows).or_else(|| first(Verdict::Partly));
    Decision {
        allowed: rule.is_some(),
        rule,
        verdicts,
    }
}

fn verdict(rule: &Rule, asked: Asked<'_>) -> Verdict {
    if !is_about(rule, asked.kind) {
        return Verdict::OtherType;
    }
    let interactions = rule.interactions.as_ref();
    if interactions.is_some_and(|allowed| !allowed.contains(&asked.interaction)) {
        return Verdict::OtherInteraction;
    }
    let Some(criteria) = rule.criteria_for(asked.kind) else {
        return Verdict::Allows;
    };
    match asked.resource {
        _ if !criteria.is_understood() => Verdict::Unreadable,
        None => Verdict::Partly,
        Some(resource) if criteria.matches(resource) => Verdict::Allows,
        Some(_) => Verdict::NoMatch,
    }
}

fn is_about(rule: &Rule, kind: &str) -> bool {
    let closed = ADMINISTRATIVE.contains(&kind) || PROTECTED.contains(&kind);
    rule.kind == kind || (rule.kind == "*" && !closed && !rule.except.contains(&kind))
}

#[cfg(test)]
mod tests;
