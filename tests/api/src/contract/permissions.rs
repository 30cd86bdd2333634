//! Every function may do exactly what its access patterns say: nothing is missing in production, nothing is granted for nothing.

use std::collections::BTreeSet;

use serde_json::Value;
use store::ACCESS_PATTERNS;

use super::template::{Grant, Template, grants, texts};

/// The one family of keys that needs the key service.
const SYSTEM_KEYS: &str = "SYS";
const DELIVERER: &str = "deliver-mail";

#[test]
fn a_function_is_granted_what_its_access_patterns_take_and_nothing_else() {
    let template = Template::read();
    for (name, function) in template.functions() {
        let wanted = wanted(name);
        let found: BTreeSet<Grant> = template
            .statements(function)
            .into_iter()
            .flat_map(grants)
            .collect();
        if let Some((action, key, index)) = wanted.difference(&found).next() {
            panic!(
                "infra/template.yaml: {name} may not {action} {key} on {}",
                place(index.as_deref())
            );
        }
        if let Some((action, key, index)) = found.difference(&wanted).next() {
            panic!(
                "shared/store/src/patterns.rs: no pattern has {name} {action} {key} on {}",
                place(index.as_deref())
            );
        }
    }
}

#[test]
fn every_pattern_belongs_to_functions_of_the_template_and_every_index_to_a_pattern() {
    let template = Template::read();
    let functions = template.functions();
    let mut used = BTreeSet::new();
    for pattern in ACCESS_PATTERNS {
        for name in pattern.functions {
            assert!(
                functions.contains_key(name),
                "shared/store/src/patterns.rs: \"{}\" names {name}, which infra/template.yaml lacks",
                pattern.name
            );
        }
        used.extend(pattern.index);
    }
    assert_eq!(template.indexes(), used, "indexes of the table");
}

#[test]
fn a_function_counts_calls_when_anybody_may_sign_in_by_it_and_only_then() {
    let counted = ACCESS_PATTERNS
        .iter()
        .find(|pattern| pattern.keys == ["RATE#*"]);
    let found: BTreeSet<&str> = counted.unwrap().functions.iter().copied().collect();
    let routes = gateway::ROUTES.iter().filter(|route| route.is_counted());
    let wanted: BTreeSet<&str> = routes.map(|route| route.function).collect();
    assert_eq!(
        found, wanted,
        "shared/store/src/patterns.rs: who counts the calls of an address"
    );
}

#[test]
fn no_function_may_scan_or_speak_partiql() {
    let template = Template::read();
    for (name, function) in template.functions() {
        let denied = template.statements(function).into_iter().any(|statement| {
            statement["Effect"] == "Deny"
                && statement["Resource"] == "*"
                && texts(&statement["Action"]) == ["dynamodb:Scan", "dynamodb:PartiQL*"]
        });
        assert!(
            denied,
            "infra/template.yaml: {name} does not refer to NeverScan"
        );
    }
}

#[test]
fn beyond_the_table_only_the_deliverer_sends_and_only_who_reads_the_systems_keys_decrypts() {
    let template = Template::read();
    for (name, function) in template.functions() {
        let mut other: BTreeSet<&str> = template
            .statements(function)
            .into_iter()
            .filter(|it| it["Effect"] == "Allow")
            .flat_map(checked_actions)
            .collect();
        other.retain(|action| !action.starts_with("dynamodb:"));
        let mut wanted = BTreeSet::new();
        if wanted_keys(name).contains(SYSTEM_KEYS) {
            wanted.insert("kms:Decrypt");
        }
        if name == DELIVERER {
            wanted.insert("ses:SendEmail");
        }
        assert_eq!(
            other, wanted,
            "infra/template.yaml: what {name} may do outside of the table"
        );
    }
}

/// The actions of a statement, which must not be granted on everything.
fn checked_actions(statement: &Value) -> Vec<&str> {
    assert_ne!(statement["Resource"], "*", "{statement}");
    let actions = texts(&statement["Action"]);
    assert!(
        !actions.iter().any(|action| action.contains('*')),
        "{statement}"
    );
    actions
}

fn wanted(function: &str) -> BTreeSet<Grant> {
    let patterns = ACCESS_PATTERNS
        .iter()
        .filter(|it| it.functions.contains(&function));
    let mut grants = BTreeSet::new();
    for pattern in patterns {
        for action in pattern.actions {
            for key in pattern.keys {
                grants.insert((
                    action.iam().to_owned(),
                    (*key).to_owned(),
                    pattern.index.map(str::to_owned),
                ));
            }
        }
    }
    grants
}

fn wanted_keys(function: &str) -> BTreeSet<String> {
    wanted(function)
        .into_iter()
        .map(|(_, key, _)| key)
        .collect()
}

fn place(index: Option<&str>) -> String {
    index.map_or("the table".into(), |index| format!("the index {index}"))
}
