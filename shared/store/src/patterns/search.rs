//! Lists and searches, and the functions that make them.

use super::DynamoAction::{BatchGetItem, Query};
use super::Pattern;

/// The members of a project.
pub(super) const MEMBERS: Pattern = Pattern {
    name: "list members: one range of memberships",
    functions: &[
        "fhir-batch",
        "fhir-graphql",
        "fhir-write",
        "list-members",
        "scim",
    ],
    actions: &[Query, BatchGetItem],
    keys: &["P#*", "U#*"],
    index: None,
};

/// The resources of a type.
pub(super) const RESOURCES: Pattern = Pattern {
    name: "search resources: one range of a type, a day of events, what index hits lead to",
    functions: &["fhir-batch", "fhir-graphql", "fhir-search", "fhir-write"],
    actions: &[Query, BatchGetItem],
    keys: &["P#*", "U#*", "UQ#*"],
    index: None,
};

/// The same along the index of names.
pub(super) const BY_NAME: Pattern = Pattern {
    name: "search resources by name; projects, and users of one address, for super admins",
    functions: &["fhir-batch", "fhir-graphql", "fhir-search", "fhir-write"],
    actions: &[Query],
    keys: &["P#*", "SYS#*"],
    index: Some("byName"),
};

/// The same along the index of changes.
pub(super) const BY_CHANGE: Pattern = Pattern {
    name: "search resources by last change; projects and users for super admins",
    functions: &["fhir-batch", "fhir-graphql", "fhir-search", "fhir-write"],
    actions: &[Query],
    keys: &["P#*", "SYS#*"],
    index: Some("byUpdated"),
};

/// What points to a match.
pub(super) const ALONG: Pattern = Pattern {
    name: "search resources by whom they are about; bring along the memberships that point to a profile",
    functions: &["fhir-batch", "fhir-graphql", "fhir-search", "fhir-write"],
    actions: &[Query],
    keys: &["P#*"],
    index: Some("byProfile"),
};

/// A member by his address.
pub(super) const MEMBERS_BY_ADDRESS: Pattern = Pattern {
    name: "list members by address: who holds it, in either scope",
    functions: &[
        "fhir-batch",
        "fhir-graphql",
        "fhir-write",
        "list-members",
        "scim",
    ],
    actions: &[BatchGetItem],
    keys: &["UQ#*"],
    index: None,
};

/// The members a profile stands for.
pub(super) const MEMBERS_BY_PROFILE: Pattern = Pattern {
    name: "list members by profile",
    functions: &["fhir-batch", "fhir-graphql", "fhir-write", "list-members"],
    actions: &[Query],
    keys: &["P#*"],
    index: Some("byProfile"),
};

/// Members along the index of names.
pub(super) const MEMBERS_BY_NAME: Pattern = Pattern {
    name: "list members by name",
    functions: &["fhir-batch", "fhir-graphql", "fhir-write", "list-members"],
    actions: &[Query],
    keys: &["P#*"],
    index: Some("byName"),
};

/// Members along the index of changes.
pub(super) const MEMBERS_BY_CHANGE: Pattern = Pattern {
    name: "list members by last change",
    functions: &["fhir-batch", "fhir-graphql", "fhir-write", "list-members"],
    actions: &[Query],
    keys: &["P#*"],
    index: Some("byUpdated"),
};
