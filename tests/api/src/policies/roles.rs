//! Which role may do what with which type: printed from the code into `infra/roles.md`, and tried cell by cell.

use domain::access::{Interaction, Policy, Rights, Standpoint};
use domain::{ProfileRef, ProfileType, ProjectId};
use fhir::{Reference, Resource};
use harness::world::{Client, Project};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{member, policy, to};
use crate::contract::generated::ensure;
use crate::in_workspace;
use crate::world::world;

const NOBODY: &str = "00000000-0000-4000-8000-00000000000f";

const KINDS: [&str; 17] = [
    "Patient",
    "Practitioner",
    "RelatedPerson",
    "Organization",
    "Observation",
    "Binary",
    "StructureDefinition",
    "SearchParameter",
    "UserConfiguration",
    "AccessPolicy",
    "Bot",
    "ClientApplication",
    "AuditEvent",
    "Project",
    "ProjectMembership",
    "User",
    "UserSecurityRequest",
];

const ACTIONS: [Interaction; 7] = Interaction::ALL;

/// Types that come to exist by routes of their own alone: nobody makes them here.
const BY_OTHER_ROUTES: [&str; 3] = ["AuditEvent", "User", "UserSecurityRequest"];

/// Types that nobody changes or deletes.
const NEVER_CHANGED: [&str; 2] = ["AuditEvent", "UserSecurityRequest"];

struct Role {
    name: &'static str,
    profile: ProfileType,
    admin: bool,
    super_admin: bool,
    policy: Option<Value>,
}

fn roles() -> Vec<Role> {
    let role = |name, profile, policy| Role {
        name,
        profile,
        admin: false,
        super_admin: false,
        policy,
    };
    let ward = json!([
        { "resourceType": "Patient", "criteria": "Patient?active=true" },
        { "resourceType": "Organization", "readonly": true },
        { "resourceType": "Observation", "interaction": ["search", "create"] },
        { "resourceType": "ProjectMembership" },
    ]);
    let everything = json!([{ "resourceType": "*" }]);
    let reads = json!([{ "resourceType": "*", "readonly": true }]);
    vec![
        role("patient", ProfileType::Patient, None),
        role("practitioner", ProfileType::Practitioner, None),
        role("ward policy", ProfileType::Practitioner, Some(ward.clone())),
        role("read everything", ProfileType::Patient, Some(reads)),
        role("everything", ProfileType::Practitioner, Some(everything)),
        Role {
            admin: true,
            ..role("admin", ProfileType::Practitioner, None)
        },
        Role {
            admin: true,
            ..role("admin, ward policy", ProfileType::Practitioner, Some(ward))
        },
        Role {
            super_admin: true,
            ..role("super admin", ProfileType::ClientApplication, None)
        },
    ]
}

impl Role {
    fn rights(&self) -> Rights {
        let standpoint = Standpoint {
            project: ProjectId::new(Uuid::nil()),
            profile: ProfileRef {
                kind: self.profile,
                id: Uuid::nil(),
            },
            admin: self.admin,
            super_admin: self.super_admin,
            unrestricted: false,
        };
        let named = self.policy.iter().map(|rules| {
            let policy = Resource::from_json(json!({
                "resourceType": "AccessPolicy", "id": NOBODY, "resource": rules,
                "meta": { "versionId": NOBODY, "lastUpdated": "2026-11-26T12:00:00.000Z", "author": { "reference": "system" } },
            }));
            let policy = Policy::read(&policy.unwrap(), Default::default());
            (Reference::to(format!("AccessPolicy/{NOBODY}")), Some(policy))
        });
        Rights::of(standpoint, &named.collect::<Vec<_>>())
    }

    /// `yes`, `some` or `-`.
    fn cell(&self, kind: &str, action: Interaction) -> &'static str {
        let rights = self.rights();
        let lens = rights.lens(kind, action);
        let decision = lens.decide(None);
        match action {
            Interaction::Create if BY_OTHER_ROUTES.contains(&kind) => "-",
            Interaction::Create if kind == "Project" && !self.super_admin => "-",
            Interaction::Update | Interaction::Delete if NEVER_CHANGED.contains(&kind) => "-",
            Interaction::Delete if kind == "User" => "-",
            Interaction::Delete if kind == "Project" && !self.super_admin => "-",
            _ if !decision.allowed => "-",
            _ if lens.ids().is_some() || !opens(&rights, kind, action) => "some",
            _ => "yes",
        }
    }

    async fn caller(&self, project: &Project) -> Client {
        if self.super_admin {
            return world().await.root().token().await;
        }
        let mut membership = json!({ "admin": self.admin });
        if let Some(rules) = &self.policy {
            membership["accessPolicy"] = to(&policy(project, rules.clone()).await);
        }
        let name = self.name.replace([' ', ','], "");
        let (kind, name) = (self.profile.as_str(), name.as_str());
        member(project, (kind, name), membership).await.0
    }
}

/// Whether a rule without criteria allows it.
fn opens(rights: &Rights, kind: &str, action: Interaction) -> bool {
    let rules = rights.rules().iter();
    rules
        .zip(rights.lens(kind, action).decide(None).verdicts)
        .any(|(_, verdict)| verdict == domain::access::Verdict::Allows)
}

#[test]
fn the_table_of_roles_is_that_of_the_code() {
    let roles = roles();
    let mut page = String::from(
        "# Who may do what\n\nPrinted from `domain::access` by a test, which also tries every cell. *yes*: with every resource of the project; \
         *some*: with those that criteria let through; *-*: with none (403). *Ward policy* is: active patients, organizations to read, observations to \
         search and to make.\n\n| Type | Action |",
    );
    page.extend(roles.iter().map(|role| format!(" {} |", role.name)));
    page.push_str("\n|---|---|");
    page.push_str(&"---|".repeat(roles.len()));
    for kind in KINDS {
        for action in ACTIONS {
            let cells = roles
                .iter()
                .map(|role| format!(" {} |", role.cell(kind, action)));
            page.push_str(&format!(
                "\n| {kind} | {action} |{}",
                cells.collect::<String>()
            ));
        }
    }
    page.push('\n');
    ensure(&in_workspace("infra/roles.md"), &page);
}

#[tokio::test]
async fn every_cell_of_the_table_of_roles_is_what_the_server_does() {
    let project = world().await.project("Roles").await;
    for role in roles() {
        let caller = role.caller(&project).await;
        for kind in KINDS {
            for action in ACTIONS {
                let one = format!("/fhir/R4/{kind}/{NOBODY}");
                let body = json!({ "resourceType": kind, "id": NOBODY, "bogus": true });
                let answer = match action {
                    Interaction::Read => caller.get(&one).await,
                    Interaction::History => caller.get(&format!("{one}/_history")).await,
                    Interaction::Vread => caller.get(&format!("{one}/_history/{NOBODY}")).await,
                    Interaction::Search => caller.get(&format!("/fhir/R4/{kind}?_count=1")).await,
                    Interaction::Create => caller.post(&format!("/fhir/R4/{kind}"), &body).await,
                    Interaction::Update => caller.put(&one, &body).await,
                    Interaction::Delete => caller.delete(&one).await,
                };
                let cell = role.cell(kind, action);
                let himself = kind == "User" && action == Interaction::Update;
                let fits = match (cell, action) {
                    // Users update themselves, and learn of no other.
                    ("-", _) if himself => [403, 404].contains(&answer.status),
                    // Nobody deletes these by hand; what is not there is told first.
                    ("-", Interaction::Delete) if ["Project", "User"].contains(&kind) => {
                        [403, 404].contains(&answer.status)
                    }
                    ("-", _) => answer.status == 403,
                    (_, Interaction::Create) if cell == "some" => {
                        [400, 403].contains(&answer.status)
                    }
                    // A super admin makes what is not there.
                    (_, Interaction::Update) => [201, 400, 404].contains(&answer.status),
                    (_, Interaction::Read | Interaction::History | Interaction::Vread) => {
                        answer.status == 404
                    }
                    (_, Interaction::Delete) => answer.status == 404,
                    (_, Interaction::Search) => answer.status == 200,
                    (_, Interaction::Create) => [201, 400].contains(&answer.status),
                };
                assert!(
                    fits,
                    "{} {kind} {action} {cell}: {}",
                    role.name, answer.text
                );
            }
        }
    }
}
