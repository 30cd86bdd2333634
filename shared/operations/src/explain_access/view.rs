//! The answer as administrators read it. The names of its fields are kept.

use domain::access::{Decision, Rights, Rule, Source, Standpoint, Verdict};
use fhir::Reference;
use serde_json::{Map, Value, json};

use super::{About, Seen, State};

/// Everything that the answer tells.
pub(super) struct Facts<'a> {
    pub(super) seen: &'a Seen,
    pub(super) standpoint: Standpoint,
    pub(super) state: State,
    pub(super) rights: &'a Rights,
    pub(super) decision: Option<&'a Decision>,
    /// Whether the resource is of a linked project, and something else is asked for than to read it.
    pub(super) only_read: bool,
}

pub(super) fn of(facts: &Facts<'_>) -> Value {
    let membership = &facts.seen.member.membership;
    let reference = Reference::new(domain::PROJECT_MEMBERSHIP, membership.id().uuid());
    let mut answer = json!({
        "membership": reference.to_json(),
        "profile": membership.profile().to_json(),
        "state": match facts.state {
            State::Active => "active",
            State::Inactive => "inactive",
            State::NeedsProof => "needs-proof",
        },
        "admin": facts.standpoint.admin,
        "superAdmin": facts.standpoint.super_admin,
    });
    if let (Some(about), Some(decision)) = (&facts.seen.question.0, facts.decision) {
        let (reason, text) = reason(facts, decision);
        answer["resource"] = match &about.id {
            Some(id) => format!("{}/{id}", about.kind),
            None => about.kind.clone(),
        }
        .into();
        answer["interaction"] = about.interaction.as_str().into();
        answer["allowed"] = (reason == "rule").into();
        answer["reason"] = reason.into();
        answer["text"] = text.into();
        if let (Some(rule), "rule") = (decision.rule, reason) {
            answer["rule"] = rule.into();
        }
    }
    let rules = facts.rights.rules().iter().enumerate();
    let about = facts.seen.question.0.as_ref();
    let rules = rules.map(|(at, rule)| {
        let verdict = facts
            .decision
            .and_then(|decision| decision.verdicts.get(at));
        view(rule, about.zip(verdict.copied()))
    });
    answer["rules"] = rules.collect();
    answer
}

/// The reason as a word for programs and a sentence for people.
fn reason(facts: &Facts<'_>, decision: &Decision) -> (&'static str, String) {
    match (facts.state, facts.rights.missing()) {
        (State::Inactive, _) => return ("inactive", "The membership is not active".to_owned()),
        (State::NeedsProof, _) => {
            let words = "The member has not proven yet that the address is his";
            return ("needs-proof", words.to_owned());
        }
        (State::Active, Some(policy)) => {
            let words = format!("{} does not exist", policy.reference);
            return ("policy-missing", words);
        }
        (State::Active, None) => {}
    }
    if facts.only_read {
        let words = "The resource belongs to a linked project, where it is read and not changed";
        return ("linked-project", words.to_owned());
    }
    let Some((at, rule)) = decision
        .rule
        .and_then(|at| Some((at, facts.rights.rules().get(at)?)))
    else {
        return ("no-rule", "No rule allows it".to_owned());
    };
    let who = match &rule.source {
        Source::Policy { policy, entry } => format!("Entry {} of {}", entry + 1, policy.reference),
        Source::NoPolicy => "Having no policy".to_owned(),
        Source::Definitions => "Membership in any project".to_owned(),
        Source::Admin => "Being an administrator of the project".to_owned(),
        Source::SuperAdmin => "Being a server administrator".to_owned(),
    };
    let some = decision.verdicts.get(at) == Some(&Verdict::Partly);
    let what = if some {
        "allows it for what matches its criteria"
    } else {
        "allows it"
    };
    ("rule", format!("{who} {what}"))
}

fn view(rule: &Rule, asked: Option<(&About, Verdict)>) -> Value {
    let mut view = Map::new();
    let mut say = |name: &str, value: Value| drop(view.insert(name.to_owned(), value));
    match &rule.source {
        Source::Policy { policy, entry } => {
            say("source", "policy".into());
            say("policy", policy.to_json());
            say("entry", (*entry).into());
        }
        Source::NoPolicy => say("source", "no-policy".into()),
        Source::Definitions => say("source", "definitions".into()),
        Source::Admin => say("source", "admin".into()),
        Source::SuperAdmin => say("source", "super-admin".into()),
    }
    say("resourceType", rule.kind.clone().into());
    if !rule.except.is_empty() {
        say("except", json!(rule.except));
    }
    if let Some(interactions) = &rule.interactions {
        say(
            "interaction",
            interactions.iter().map(|it| it.as_str()).collect(),
        );
    }
    if let Some(criteria) = rule.criteria_text() {
        say("criteria", criteria.into());
    }
    for (name, fields) in [
        ("hiddenFields", &rule.hidden),
        ("readonlyFields", &rule.readonly),
    ] {
        if !fields.is_empty() {
            say(name, json!(fields));
        }
    }
    if !rule.constraints.is_empty() {
        say("writeConstraints", rule.constraints.len().into());
    }
    if let Some((about, verdict)) = asked {
        if verdict != Verdict::OtherType
            && let Some(criteria) = rule.criteria_for(&about.kind)
        {
            say("criteriaFilled", criteria.filled.into());
        }
        say("verdict", word(verdict).into());
    }
    Value::Object(view)
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::OtherType => "other-type",
        Verdict::OtherInteraction => "other-interaction",
        Verdict::Unreadable => "unreadable-criteria",
        Verdict::NoMatch => "no-match",
        Verdict::Partly => "allows-what-matches",
        Verdict::Allows => "allows",
    }
}
