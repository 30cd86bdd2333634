//! The arrows between the crates, and what each must never know.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

use crate::in_workspace;

/// Which of our crates each of our crates may name.
const ARROWS: &[(&str, &[&str])] = &[
    ("roster-fhir", &[]),
    ("roster-domain", &["roster-fhir"]),
    ("roster-identity", &["roster-domain", "roster-fhir"]),
    ("roster-store", &["roster-domain", "roster-fhir"]),
    ("roster-mail", &["roster-domain"]),
    ("roster-outside", &["roster-domain"]),
    ("roster-graphql", &["roster-fhir"]),
    (
        "roster-operations",
        &[
            "roster-store",
            "roster-identity",
            "roster-outside",
            "roster-domain",
            "roster-fhir",
        ],
    ),
    (
        "roster-gateway",
        &["roster-identity", "roster-domain", "roster-fhir"],
    ),
    (
        "roster-app",
        &[
            "roster-gateway",
            "roster-operations",
            "roster-mail",
            "roster-outside",
            "roster-store",
            "roster-identity",
            "roster-domain",
            "roster-fhir",
        ],
    ),
    ("roster-local", &["roster-gateway"]),
    ("roster-harness", &["roster-local"]),
    ("roster-api-tests", &[]),
    ("roster-bench", &[]),
];

/// What a function may name: the wiring, and the rooms a handler speaks to. Never the table, never the keys.
const OF_A_FUNCTION: &[&str] = &[
    "roster-app",
    "roster-gateway",
    "roster-operations",
    "roster-graphql",
    "roster-mail",
    "roster-domain",
    "roster-fhir",
];

/// What a crate must never name, by the beginning of the name.
const NEVER: &[(&str, &[&str])] = &[
    (
        "roster-fhir",
        &["aws-", "lambda", "http", "hyper", "tokio", "reqwest"],
    ),
    (
        "roster-domain",
        &["aws-", "lambda", "http", "hyper", "tokio", "reqwest"],
    ),
    (
        "roster-identity",
        &["aws-sdk", "lambda", "http", "hyper", "tokio", "reqwest"],
    ),
    (
        "roster-operations",
        &["aws-", "lambda", "http", "hyper", "reqwest"],
    ),
    ("roster-gateway", &["aws-", "tokio", "reqwest"]),
    (
        "roster-store",
        &["aws-sdk-ses", "lambda", "http", "hyper", "reqwest"],
    ),
    ("roster-outside", &["aws-", "lambda"]),
    ("roster-mail", &["aws-sdk-dynamodb", "lambda", "reqwest"]),
];

#[test]
fn every_crate_names_only_crates_below_it() {
    let metadata = metadata();
    let own: BTreeSet<&str> = metadata
        .workspace_packages()
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    let arrows: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    for package in metadata.workspace_packages() {
        let allowed = match arrows.get(package.name.as_str()) {
            Some(allowed) => allowed,
            None if is_function(package) => OF_A_FUNCTION,
            None => panic!("{} has no row in ARROWS", package.name),
        };
        for named in dependencies(package).filter(|named| own.contains(named)) {
            assert!(
                allowed.contains(&named),
                "{} must not name {named}",
                package.name
            );
        }
    }
}

#[test]
fn the_pure_crates_know_no_platform() {
    let metadata = metadata();
    for (name, never) in NEVER {
        let package = metadata
            .workspace_packages()
            .into_iter()
            .find(|it| it.name.as_str() == *name);
        for named in dependencies(package.unwrap()) {
            assert!(
                !never.iter().any(|begin| named.starts_with(begin)),
                "{name} must not name {named}"
            );
        }
    }
}

#[test]
fn every_version_stands_in_the_workspace_manifest() {
    for package in metadata().workspace_packages() {
        let manifest = std::fs::read_to_string(&package.manifest_path).unwrap();
        let dependencies = manifest
            .split_once("dependencies]")
            .map_or("", |(_, rest)| rest);
        assert!(
            !dependencies.contains("version ="),
            "{} names a version of its own",
            package.manifest_path
        );
    }
}

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(in_workspace("Cargo.toml"))
        .no_deps()
        .exec()
        .unwrap()
}

fn is_function(package: &Package) -> bool {
    let folder = package.manifest_path.parent().and_then(|it| it.parent());
    folder.is_some_and(|folder| folder.ends_with("functions"))
}

/// What a crate needs to be built; what its own tests need is their business.
fn dependencies(package: &Package) -> impl Iterator<Item = &str> {
    let needed = package
        .dependencies
        .iter()
        .filter(|it| it.kind != DependencyKind::Development);
    needed.map(|it| it.name.as_str())
}
