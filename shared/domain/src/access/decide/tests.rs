#![expect(clippy::unwrap_used, reason = "a test may stop here")]

use fhir::Reference;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::{Parameters, Policy, Standpoint, rules_of};
use super::*;
use crate::{ProfileRef, ProfileType, ProjectId};

const ID: &str = "2c90fffb-a1ee-46cf-a372-1eff3f9fd913";

fn member(kind: ProfileType) -> Standpoint {
    Standpoint {
        project: ProjectId::new(Uuid::nil()),
        profile: ProfileRef {
            kind,
            id: ID.parse().unwrap(),
        },
        admin: false,
        super_admin: false,
        unrestricted: false,
    }
}

fn practitioner() -> Standpoint {
    member(ProfileType::Practitioner)
}

fn admin() -> Standpoint {
    Standpoint {
        admin: true,
        ..practitioner()
    }
}

fn policy(entries: &Value) -> Policy {
    Policy {
        reference: Reference::to("AccessPolicy/1"),
        entries: entries.as_array().cloned().unwrap(),
        parameters: Parameters::new(&Reference::to(format!("Patient/{ID}")), &[]),
        compartment: None,
        addresses: Vec::new(),
    }
}

fn resource(kind: &str, id: &str) -> Resource {
    Resource::from_json(json!({
        "resourceType": kind, "id": id, "active": true,
        "meta": { "versionId": ID, "lastUpdated": "2026-11-21T20:35:03.257Z", "author": { "reference": "system" } },
    }))
    .unwrap()
}

fn allowed(member: Standpoint, policies: &[Policy], kind: &str, interaction: Interaction) -> bool {
    let asked = Asked {
        kind,
        interaction,
        resource: None,
    };
    decide(&rules_of(member, policies), asked).allowed
}

use Interaction::{Create, Delete, History, Read, Search, Update, Vread};

#[test]
fn the_first_rule_that_allows_decides() {
    let rules = rules_of(
        practitioner(),
        &[policy(&json!([
            { "resourceType": "Observation" },
            { "resourceType": "Patient", "readonly": true },
            { "resourceType": "Patient", "criteria": format!("Patient?_id={ID}") },
            { "resourceType": "*" },
        ]))],
    );
    let (own, other) = (
        resource("Patient", ID),
        resource("Patient", &Uuid::nil().to_string()),
    );
    let rule = |interaction, resource| {
        decide(
            &rules,
            Asked {
                kind: "Patient",
                interaction,
                resource: Some(resource),
            },
        )
        .rule
    };
    assert_eq!(rule(Read, &own), Some(1));
    assert_eq!(rule(Update, &own), Some(2));
    assert_eq!(rule(Update, &other), Some(3));
    let verdicts = decide(
        &rules,
        Asked {
            kind: "Patient",
            interaction: Update,
            resource: Some(&other),
        },
    )
    .verdicts;
    assert_eq!(
        verdicts[..4],
        [
            Verdict::OtherType,
            Verdict::OtherInteraction,
            Verdict::NoMatch,
            Verdict::Allows
        ]
    );
}

#[test]
fn a_readonly_rule_reads_and_a_list_of_interactions_is_taken_at_its_word() {
    let readonly = [policy(
        &json!([{ "resourceType": "Patient", "readonly": true }]),
    )];
    for (interaction, expected) in [
        (Read, true),
        (Vread, true),
        (History, true),
        (Search, true),
        (Create, false),
        (Update, false),
        (Delete, false),
    ] {
        assert_eq!(
            allowed(practitioner(), &readonly, "Patient", interaction),
            expected,
            "{interaction}"
        );
    }
    let listed = [policy(
        &json!([{ "resourceType": "Patient", "readonly": true, "interaction": ["search", "update"] }]),
    )];
    for (interaction, expected) in [
        (Read, false),
        (Search, true),
        (Update, true),
        (Delete, false),
    ] {
        assert_eq!(
            allowed(practitioner(), &listed, "Patient", interaction),
            expected,
            "{interaction}"
        );
    }
}

#[test]
fn about_a_type_a_rule_without_criteria_opens_everything_and_one_with_criteria_some() {
    let decided = |entries: Value| {
        let rules = rules_of(practitioner(), &[policy(&entries)]);
        let decision = decide(
            &rules,
            Asked {
                kind: "Patient",
                interaction: Search,
                resource: None,
            },
        );
        decision.rule.map(|rule| (rule, decision.verdicts[rule]))
    };
    let some = json!({ "resourceType": "Patient", "criteria": "Patient?active=true" });
    let all = json!({ "resourceType": "Patient" });
    assert_eq!(decided(json!([some])), Some((0, Verdict::Partly)));
    assert_eq!(decided(json!([some, all])), Some((1, Verdict::Allows)));
}

#[test]
fn criteria_that_cannot_be_understood_allow_nothing() {
    for criteria in [
        "Patient?bogus=1",
        "Observation?code=1",
        "nonsense",
        "Patient?general-practitioner.name=x",
    ] {
        let rules = rules_of(
            practitioner(),
            &[policy(
                &json!([{ "resourceType": "Patient", "criteria": criteria }]),
            )],
        );
        let patient = resource("Patient", ID);
        for resource in [None, Some(&patient)] {
            let decision = decide(
                &rules,
                Asked {
                    kind: "Patient",
                    interaction: Read,
                    resource,
                },
            );
            assert!(
                !decision.allowed && decision.verdicts[0] == Verdict::Unreadable,
                "{criteria}"
            );
        }
    }
}

#[test]
fn without_a_policy_a_patient_reads_himself_and_a_practitioner_what_is_clinical() {
    let rules = rules_of(member(ProfileType::Patient), &[]);
    let may = |kind, interaction, resource| {
        decide(
            &rules,
            Asked {
                kind,
                interaction,
                resource,
            },
        )
        .allowed
    };
    let (own, other) = (
        resource("Patient", ID),
        resource("Patient", &Uuid::nil().to_string()),
    );
    assert!(may("Patient", Read, Some(&own)));
    assert!(!may("Patient", Read, Some(&other)) && !may("Patient", Update, Some(&own)));
    assert!(!may("Observation", Search, None));
    for (kind, expected) in [
        ("Observation", true),
        ("Patient", true),
        ("AccessPolicy", false),
        ("ClientApplication", false),
        ("Bot", false),
        ("Project", false),
        ("ProjectMembership", false),
        ("User", false),
        ("Login", false),
    ] {
        assert_eq!(allowed(practitioner(), &[], kind, Read), expected, "{kind}");
    }
}

#[test]
fn rules_for_administrative_types_count_for_nobody_and_administrators_have_their_own() {
    let greedy = [policy(
        &json!([{ "resourceType": "*" }, { "resourceType": "ProjectMembership" }, { "resourceType": "Login" }]),
    )];
    for kind in [
        "Project",
        "ProjectMembership",
        "User",
        "UserSecurityRequest",
        "Login",
        "JsonWebKey",
    ] {
        assert!(!allowed(practitioner(), &greedy, kind, Read), "{kind}");
    }
    assert!(allowed(practitioner(), &greedy, "AccessPolicy", Update));
    let narrow = [policy(&json!([{ "resourceType": "Patient" }]))];
    for (kind, interaction, expected) in [
        ("ProjectMembership", Update, true),
        ("User", Read, true),
        ("UserSecurityRequest", Read, true),
        ("UserSecurityRequest", Update, false),
        ("Project", Update, true),
        ("Login", Read, false),
        ("Task", Read, false),
    ] {
        assert_eq!(
            allowed(admin(), &narrow, kind, interaction),
            expected,
            "{kind} {interaction}"
        );
    }
    let chief = Standpoint {
        super_admin: true,
        ..practitioner()
    };
    for kind in ["DomainConfiguration", "Project"] {
        assert!(allowed(chief, &narrow, kind, Create), "{kind}");
    }
    for kind in ["JsonWebKey", "Login"] {
        assert!(!allowed(chief, &[], kind, Read), "{kind}");
    }
    assert!(!allowed(chief, &narrow, "Task", Read));
}

#[test]
fn everybody_reads_definitions_unless_a_policy_says_otherwise() {
    let narrow = [policy(&json!([{ "resourceType": "Patient" }]))];
    assert!(allowed(
        practitioner(),
        &narrow,
        "StructureDefinition",
        Read
    ));
    assert!(!allowed(
        practitioner(),
        &narrow,
        "StructureDefinition",
        Update
    ));
    let named = [policy(
        &json!([{ "resourceType": "StructureDefinition", "interaction": ["search"] }]),
    )];
    assert!(!allowed(
        practitioner(),
        &named,
        "StructureDefinition",
        Read
    ));
}
