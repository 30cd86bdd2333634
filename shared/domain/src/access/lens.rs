use fhir::Resource;
use fhir::path::Expression;
use fhir::search::{Filter, Query};
use serde_json::Value;
use uuid::Uuid;

use super::decide::{Decision, Verdict, is_about};
use super::{Criteria, Interaction, Rule, fields};

/// Hiding these takes nothing away: what is no part of a stored resource is not shown anyway.
const NEVER_STORED: [&str; 2] = ["passwordHash", "mfaSecret"];

/// Rules as they look on resources of one type with which one thing is done: criteria are read once for many resources.
#[derive(Clone, Debug)]
pub struct Lens<'r> {
    lines: Vec<(&'r Rule, Line)>,
}

#[derive(Clone, Debug)]
enum Line {
    /// It says this whatever the resource is.
    Closed(Verdict),
    /// It allows.
    Open,
    /// It allows what matches.
    Where(Box<Criteria>),
}

impl Line {
    fn of(rule: &Rule, kind: &str, interaction: Interaction) -> Self {
        if !is_about(rule, kind) {
            return Self::Closed(Verdict::OtherType);
        }
        let interactions = rule.interactions.as_ref();
        if interactions.is_some_and(|allowed| !allowed.contains(&interaction)) {
            return Self::Closed(Verdict::OtherInteraction);
        }
        match rule.criteria_for(kind) {
            None => Self::Open,
            Some(criteria) if criteria.is_understood() => Self::Where(Box::new(criteria)),
            Some(_) => Self::Closed(Verdict::Unreadable),
        }
    }

    fn verdict(&self, resource: Option<&Resource>) -> Verdict {
        match (self, resource) {
            (Self::Closed(verdict), _) => *verdict,
            (Self::Open, _) => Verdict::Allows,
            (Self::Where(_), None) => Verdict::Partly,
            (Self::Where(criteria), Some(resource)) if criteria.matches(resource) => {
                Verdict::Allows
            }
            (Self::Where(_), Some(_)) => Verdict::NoMatch,
        }
    }
}

impl<'r> Lens<'r> {
    pub(super) fn of(rules: &'r [Rule], kind: &str, interaction: Interaction) -> Self {
        let line = |rule| (rule, Line::of(rule, kind, interaction));
        Self {
            lines: rules.iter().map(line).collect(),
        }
    }

    /// Decides: the first rule that allows counts. About a type, a rule without criteria goes before those that have some, because it
    /// opens everything (contract: evaluating a rule).
    pub fn decide(&self, resource: Option<&Resource>) -> Decision {
        let verdict = |(_, line): &(_, Line)| line.verdict(resource);
        let verdicts: Vec<Verdict> = self.lines.iter().map(verdict).collect();
        let first = |wanted| verdicts.iter().position(|verdict| *verdict == wanted);
        let rule = first(Verdict::Allows).or_else(|| first(Verdict::Partly));
        Decision {
            allowed: rule.is_some(),
            rule,
            verdicts,
        }
    }

    /// Whether it is allowed with any resource at all.
    pub fn is_refused(&self) -> bool {
        let closed = |(_, line): &(_, Line)| matches!(line, Line::Closed(_));
        self.lines.iter().all(closed)
    }

    /// Whether it is allowed with every resource, and every resource is shown as it is.
    pub fn is_open(&self) -> bool {
        let mut plain = true;
        self.counting().any(|(rule, line)| {
            let mut hidden = rule.hidden.iter();
            plain &= hidden.all(|field| NEVER_STORED.contains(&field.as_str()));
            plain && matches!(line, Line::Open)
        })
    }

    /// The rules that have a say.
    fn counting(&self) -> impl Iterator<Item = &(&'r Rule, Line)> {
        let counts = |(_, line): &&(_, Line)| !matches!(line, Line::Closed(_));
        self.lines.iter().filter(counts)
    }

    /// The rule that allows it with this resource.
    pub fn rule_for(&self, resource: &Resource) -> Option<&'r Rule> {
        let allows = |(_, line): &&(_, Line)| line.verdict(Some(resource)) == Verdict::Allows;
        self.lines.iter().find(allows).map(|(rule, _)| *rule)
    }

    /// The resource as it is shown under the rule that allows it; nothing when none does.
    pub fn shown(&self, resource: Resource) -> Option<Resource> {
        let rule = self.rule_for(&resource)?;
        Some(fields::without(resource, &rule.hidden))
    }

    /// Whether hidden fields could be told by the order in which resources come, or by which come at all, if they were found by `query`
    /// before they are hidden.
    pub fn hides(&self, query: &Query) -> bool {
        let filters = query.filters.iter().flat_map(Filter::params);
        let params = filters.chain(query.sort.iter().map(|sort| sort.param));
        let mut looked_at = params.flat_map(|param| param.paths);
        looked_at.any(|field| {
            let mut hidden = self.counting().flat_map(|(rule, _)| &rule.hidden);
            hidden.any(|path| fields::touches(path, field))
        })
    }

    /// The only ids that can be allowed, when the criteria of all rules name ids.
    pub fn ids(&self) -> Option<Vec<Uuid>> {
        let mut all = Vec::new();
        for (_, line) in self.counting() {
            match line {
                Line::Where(criteria) => all.extend(criteria.ids()?),
                Line::Open | Line::Closed(_) => return None,
            }
        }
        Some(all)
    }

    /// The only subjects whose resources can be allowed, when the criteria of all rules name subjects.
    pub fn subjects(&self) -> Option<Vec<String>> {
        let mut all = Vec::new();
        for (_, line) in self.counting() {
            match line {
                Line::Where(criteria) => {
                    all.extend(criteria.subjects()?.into_iter().map(str::to_owned));
                }
                Line::Open | Line::Closed(_) => return None,
            }
        }
        Some(all)
    }
}

/// Whether all constraints of a rule are exactly true of a change.
pub(super) fn constraints_hold(rule: &Rule, before: Option<&Resource>, after: &Resource) -> bool {
    if rule.constraints.is_empty() {
        return true;
    }
    let json = |resource: &Resource| resource.to_json(fhir::View::Extended);
    let (before, after): (Option<Value>, Value) = (before.map(json), json(after));
    let variables = [("before", before.as_ref()), ("after", Some(&after))];
    let holds = |expression: &Expression| expression.holds(&after, &variables);
    let mut constraints = rule.constraints.iter();
    constraints.all(|expression| expression.as_ref().is_some_and(holds))
}
