//! What is wrong with a policy that is about to be stored: a condition that could never be kept is refused when it is written, not found
//! out when somebody is locked out, or in.

use fhir::path::Expression;
use fhir::search::Query;
use serde_json::{Map, Value};

use crate::Fault;

/// One fault for each entry of a policy whose criteria or constraints are not understood. What its definition asks for is checked
/// elsewhere.
pub fn faults_of_policy(policy: &Map<String, Value>) -> Vec<Fault> {
    let entries = policy.get("resource").and_then(Value::as_array);
    let entries = entries.into_iter().flatten().enumerate();
    entries
        .flat_map(|(at, entry)| {
            let path = format!("AccessPolicy.resource[{at}]");
            let criteria = criteria_fault(&path, entry);
            criteria.into_iter().chain(constraint_faults(&path, entry))
        })
        .collect()
}

fn criteria_fault(path: &str, entry: &Value) -> Option<Fault> {
    let criteria = entry.get("criteria")?.as_str()?;
    let kind = entry.get("resourceType").and_then(Value::as_str)?;
    let expression = format!("{path}.criteria");
    let Some((of, conditions)) = criteria.split_once('?') else {
        return Some(Fault::invalid(&expression, BEGINS));
    };
    if of != kind {
        return Some(Fault::invalid(&expression, BEGINS));
    }
    // Values may still be names of parameters, whose values fit or match nothing: only the conditions themselves are tried.
    let name = |pair: &str| pair.split('=').next().map(str::to_owned);
    let mut names = conditions.split('&').filter(|pair| !pair.is_empty());
    let unknown = names.find_map(|pair| {
        let pairs = [(name(pair)?, TRIED.to_owned())];
        let query = Query::parse(kind, &pairs);
        let understood = match &query {
            Ok(query) => query.chains.is_empty(),
            Err(issues) => issues.iter().all(|issue| !is_about_name(&issue.text)),
        };
        (!understood).then(|| pairs[0].0.clone())
    });
    unknown.map(|name| {
        let words = format!("Criteria cannot be kept: {name} is no search parameter of {kind}");
        Fault::invalid(&expression, words)
    })
}

const BEGINS: &str = "Criteria must begin with the rule's own type and a question mark";
/// Fits no date and no boolean: faults of a value are told from faults of a name by their words.
const TRIED: &str = "x";

fn is_about_name(words: &str) -> bool {
    [
        "Unknown search parameter",
        "Invalid modifier",
        "Unsupported",
        "Invalid search chain",
        "Unable to",
    ]
    .iter()
    .any(|begin| words.starts_with(begin))
}

fn constraint_faults(path: &str, entry: &Value) -> Vec<Fault> {
    let constraints = entry.get("writeConstraint").and_then(Value::as_array);
    let constraints = constraints.into_iter().flatten().enumerate();
    let fault = |(at, constraint): (usize, &Value)| {
        let text = constraint.get("expression").and_then(Value::as_str);
        let problem = Expression::parse(text.unwrap_or_default()).err()?;
        let words = format!("Write constraint is {problem}; only a part of FHIRPath is supported");
        Some(Fault::invalid(
            &format!("{path}.writeConstraint[{at}].expression"),
            words,
        ))
    };
    constraints.filter_map(fault).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn faults(entry: Value) -> Vec<String> {
        let policy = json!({ "resource": [{ "resourceType": "Basic" }, entry] });
        let faults = policy.as_object().map(faults_of_policy).unwrap_or_default();
        let expression = |fault: Fault| fault.expression.unwrap_or_default();
        faults.into_iter().map(expression).collect()
    }

    #[test]
    fn a_condition_that_can_be_kept_is_taken() {
        for criteria in [
            "Patient?organization=%organization",
            "Patient?_id=%profile.id&birthdate=gt%after&active=%flag",
            "Patient?name:exact=A&_tag=x",
            "Patient?",
        ] {
            let entry = json!({ "resourceType": "Patient", "criteria": criteria });
            assert_eq!(faults(entry), [""; 0], "{criteria}");
        }
        let any = json!({ "resourceType": "*", "criteria": "*?_compartment=%organization" });
        assert_eq!(faults(any), [""; 0]);
        let constraint =
            json!([{ "language": "text/fhirpath", "expression": "%before.status != 'final'" }]);
        let entry = json!({ "resourceType": "Patient", "writeConstraint": constraint });
        assert_eq!(faults(entry), [""; 0]);
    }

    #[test]
    fn one_that_never_could_is_refused_by_its_place() {
        for criteria in [
            "organization=x",
            "Observation?code=x",
            "Patient?bogus=x",
            "Patient?organization.name=x",
            "Patient?name:bogus=x",
            "Patient?_has:Observation:subject:code=x",
        ] {
            let entry = json!({ "resourceType": "Patient", "criteria": criteria });
            assert_eq!(
                faults(entry),
                ["AccessPolicy.resource[1].criteria"],
                "{criteria}"
            );
        }
        let constraint = json!([{ "expression": "true" }, { "expression": "now() > today()" }]);
        let entry = json!({ "resourceType": "Patient", "writeConstraint": constraint });
        let place = "AccessPolicy.resource[1].writeConstraint[1].expression";
        assert_eq!(faults(entry), [place]);
    }
}
