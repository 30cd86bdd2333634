//! The rules of the contract once more, slow and obvious, and random policies on which both must say the same.
#![expect(clippy::unwrap_used, reason = "a test may stop here")]

use fhir::{Reference, Resource, View};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::{Asked, Interaction, Parameters, Policy, Standpoint};
use super::{Named, Rights};
use crate::{ProfileRef, ProfileType, ProjectId};

const ME: &str = "2c90fffb-a1ee-46cf-a372-1eff3f9fd913";
const ORGANIZATIONS: [&str; 3] = ["Organization/1", "Organization/2", "Organization/3"];
const FIELDS: [&str; 3] = ["gender", "birthDate", "managingOrganization"];
const KINDS: [&str; 8] = [
    "*",
    "Patient",
    "Practitioner",
    "AccessPolicy",
    "ClientApplication",
    "ProjectMembership",
    "User",
    "Login",
];

/// The model: everything is looked up in the JSON of the policies, one question at a time, nothing is prepared.
struct Model<'a> {
    member: Standpoint,
    policies: &'a [(Value, Value)],
}

impl Model<'_> {
    /// The first entry that allows it, with what it hides; `None` when there is none.
    fn entry(&self, interaction: &str, resource: &Value) -> Option<Value> {
        let kind = resource["resourceType"].as_str().unwrap();
        let administrative = [
            "Project",
            "ProjectMembership",
            "User",
            "UserSecurityRequest",
        ]
        .contains(&kind);
        let protected = ["Login", "DomainConfiguration", "JsonWebKey"].contains(&kind);
        let nothing_special = json!({});
        if administrative && !self.member.admin {
            return None;
        }
        if administrative {
            let reads = ["read", "search", "history", "vread"].contains(&interaction);
            return (kind != "UserSecurityRequest" || reads).then_some(nothing_special);
        }
        if protected {
            return None;
        }
        let raising = ["AccessPolicy", "ClientApplication", "Bot"].contains(&kind);
        let writes = ["create", "update", "delete"].contains(&interaction);
        if raising && writes && !self.member.admin {
            return None;
        }
        if self.policies.is_empty() {
            let is_person = self.member.profile.kind == ProfileType::Patient;
            let open = match () {
                () if self.member.admin => true,
                () if is_person => {
                    kind == "Patient"
                        && resource["id"] == self.member.profile.id.to_string()
                        && ["read", "search", "history", "vread"].contains(&interaction)
                }
                () => !["AccessPolicy", "ClientApplication", "Bot", "AuditEvent"].contains(&kind),
            };
            return open.then_some(nothing_special);
        }
        for (entries, organization) in self.policies {
            for entry in entries.as_array().unwrap() {
                if allows(entry, organization, interaction, resource) {
                    return Some(entry.clone());
                }
            }
        }
        None
    }

    fn shows(&self, interaction: &str, resource: &Value) -> Option<Value> {
        let entry = self.entry(interaction, resource)?;
        let mut shown = resource.clone();
        for field in entry["hiddenFields"].as_array().into_iter().flatten() {
            shown
                .as_object_mut()
                .unwrap()
                .remove(field.as_str().unwrap());
        }
        Some(shown)
    }
}

fn allows(entry: &Value, organization: &Value, interaction: &str, resource: &Value) -> bool {
    let kind = &entry["resourceType"];
    if kind != "*" && *kind != resource["resourceType"] {
        return false;
    }
    let reads = ["read", "search", "history", "vread"].contains(&interaction);
    match entry["interaction"]
        .as_array()
        .filter(|list| !list.is_empty())
    {
        Some(list) if !list.contains(&json!(interaction)) => return false,
        None if entry["readonly"] == true && !reads => return false,
        _ => {}
    }
    let Some(criteria) = entry["criteria"].as_str() else {
        return true;
    };
    let (_, condition) = criteria.split_once('?').unwrap();
    match condition.split_once('=').unwrap() {
        ("organization", "%organization") => {
            resource["resourceType"] == "Patient"
                && resource["managingOrganization"]["reference"] == *organization
        }
        ("gender", gender) => {
            let has_parameter =
                ["Patient", "Practitioner"].contains(&resource["resourceType"].as_str().unwrap());
            has_parameter && resource["gender"] == gender
        }
        ("_id", "%profile.id") => resource["id"] == ME,
        other => panic!("{other:?}"),
    }
}

fn entries() -> impl Strategy<Value = Value> {
    let criteria = select(vec![
        "organization=%organization",
        "gender=male",
        "gender=female",
        "_id=%profile.id",
    ]);
    let words = Interaction::ALL.map(Interaction::as_str).to_vec();
    let entry = (
        select(KINDS.to_vec()),
        proptest::option::weighted(0.6, criteria),
        any::<bool>(),
        proptest::option::weighted(0.3, proptest::sample::subsequence(words, 1..4)),
        proptest::sample::subsequence(FIELDS.to_vec(), 0..2),
    );
    let entry = entry.prop_map(|(kind, criteria, readonly, interaction, hidden)| {
        let mut entry =
            json!({ "resourceType": kind, "readonly": readonly, "hiddenFields": hidden });
        if let Some(criteria) = criteria {
            entry["criteria"] = format!("{kind}?{criteria}").into();
        }
        if let Some(interaction) = interaction {
            entry["interaction"] = json!(interaction);
        }
        entry
    });
    proptest::collection::vec(entry, 0..5).prop_map(Value::Array)
}

fn policies() -> impl Strategy<Value = Vec<(Value, Value)>> {
    let policy = (entries(), select(ORGANIZATIONS.to_vec()));
    let policy = policy.prop_map(|(entries, organization)| (entries, json!(organization)));
    proptest::collection::vec(policy, 0..4)
}

fn resources() -> impl Strategy<Value = Resource> {
    let parts = (
        select(KINDS[1..].to_vec()),
        select(vec![ME, "00000000-0000-4000-8000-000000000001"]),
        select(ORGANIZATIONS.to_vec()),
        select(vec!["male", "female", "other"]),
    );
    parts.prop_map(|(kind, id, organization, gender)| {
        Resource::from_json(json!({
            "resourceType": kind, "id": id, "gender": gender, "birthDate": "2000-01-01",
            "managingOrganization": { "reference": organization },
            "meta": { "versionId": ME, "lastUpdated": "2026-11-21T20:35:03.257Z", "author": { "reference": "system" } },
        }))
        .unwrap()
    })
}

fn members() -> impl Strategy<Value = Standpoint> {
    let parts = (
        select(vec![ProfileType::Patient, ProfileType::Practitioner]),
        any::<bool>(),
    );
    parts.prop_map(|(kind, admin)| Standpoint {
        project: ProjectId::new(Uuid::nil()),
        profile: ProfileRef {
            kind,
            id: ME.parse().unwrap(),
        },
        admin,
        super_admin: false,
        unrestricted: false,
    })
}

fn rights(member: Standpoint, policies: &[(Value, Value)]) -> Rights {
    let profile = Reference::to(member.profile.to_string());
    let named = policies
        .iter()
        .enumerate()
        .map(|(at, (entries, organization))| {
            let given =
                json!({ "name": "organization", "valueReference": { "reference": organization } });
            let reference = Reference::to(format!("AccessPolicy/{at}"));
            let policy = Policy {
                reference: reference.clone(),
                entries: entries.as_array().cloned().unwrap(),
                parameters: Parameters::new(&profile, &[given]),
                compartment: None,
                addresses: Vec::new(),
            };
            (reference, Some(policy))
        });
    Rights::of(member, &named.collect::<Vec<Named>>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_engine_says_what_the_model_says(
        member in members(), policies in policies(), resource in resources(),
        interaction in select(Interaction::ALL.to_vec()),
    ) {
        let rights = rights(member, &policies);
        let model = Model { member, policies: &policies };
        let json = resource.to_json(View::Extended);
        let shown = rights.shown(resource.clone(), interaction).map(|it| it.to_json(View::Extended));
        prop_assert_eq!(shown, model.shows(interaction.as_str(), &json));

        let asked = Asked { kind: &resource.kind, interaction, resource: Some(&resource) };
        let decided = rights.decide(asked);
        prop_assert_eq!(decided.allowed, model.entry(interaction.as_str(), &json).is_some());
        let lens = rights.lens(&resource.kind, interaction);
        // What is refused for the type is refused for each resource, what is open is open for each, unchanged.
        prop_assert!(!(lens.is_refused() && decided.allowed));
        if lens.is_open() {
            prop_assert_eq!(lens.shown(resource.clone()), Some(resource.clone()));
        }
        if let Some(ids) = lens.ids() {
            prop_assert!(!decided.allowed || ids.contains(&resource.id));
        }
        let made = rights.to_create(resource.clone());
        if let Ok(made) = &made {
            prop_assert!(model.entry("create", &made.to_json(View::Extended)).is_some());
        }
        prop_assert!(rights.to_delete(&resource).is_ok() == model.entry("delete", &json).is_some());
    }

    #[test]
    fn a_change_is_allowed_for_what_was_and_what_will_be(
        member in members(), policies in policies(), stored in resources(), organization in select(ORGANIZATIONS.to_vec()),
        gender in select(vec!["male", "female", "other"]),
    ) {
        let rights = rights(member, &policies);
        let model = Model { member, policies: &policies };
        let mut sent = stored.clone();
        sent.body.insert("gender".into(), gender.into());
        sent.body.insert("managingOrganization".into(), json!({ "reference": organization }));
        let before = model.entry("update", &stored.to_json(View::Extended));
        match rights.to_update(&stored, sent.clone()) {
            Ok(after) => {
                let before = before.unwrap();
                prop_assert!(model.entry("update", &after.to_json(View::Extended)).is_some());
                for field in before["hiddenFields"].as_array().into_iter().flatten() {
                    let field = field.as_str().unwrap();
                    prop_assert_eq!(after.body.get(field), stored.body.get(field));
                }
            }
            Err(_) if before.is_some() => {
                let hides = |entry: &Value| entry["hiddenFields"].as_array().is_some_and(|it| !it.is_empty());
                let after = model.entry("update", &sent.to_json(View::Extended));
                // What he cannot read stays, too, and may be what a rule asks for.
                let read = model.entry("read", &stored.to_json(View::Extended));
                let keeps = hides(&before.unwrap()) || read.as_ref().is_some_and(hides);
                prop_assert!(after.is_none() || keeps || hides(&after.unwrap()));
            }
            Err(_) => {}
        }
    }
}
