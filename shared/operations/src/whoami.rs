//! Who am I, and what does the web app need to show me (contract: `auth/me`).

use domain::{Caller, Claimant, Failure, Membership, Subject};
use fhir::{Resource, View};
use serde_json::{Map, Value, json};
use store::{Existence, Tenant};

use crate::Means;
use crate::create_client;

/// What an answer about the caller needs besides his own rows.
pub struct Seen {
    profile: Existence,
}

/// The caller's profile, to be read beside the authorisation.
///
/// # Errors
/// [`Failure::Unavailable`].
pub async fn look(tenant: Tenant<'_>, claimant: Claimant) -> Result<Seen, Failure> {
    let profile = claimant.profile();
    Ok(Seen {
        profile: tenant.resource(profile.kind.as_str(), profile.id).await?,
    })
}

/// The answer. A profile that is no longer there does not end a session: its reference stands in for it.
///
/// # Errors
/// [`Failure::Unavailable`], [`Failure::Corrupt`].
pub async fn whoami(means: Means<'_>, caller: &Caller, seen: Seen) -> Result<Value, Failure> {
    let membership = caller.membership();
    let mut answer = Map::new();
    if let (Subject::User(_), Some(user)) = (caller.subject(), caller.user()) {
        answer.insert(
            "user".into(),
            picked(&user.resource, &["email", "identifier"]),
        );
    }
    let project = picked(
        caller.project().resource(),
        &[
            "name",
            "description",
            "strictMode",
            "superAdmin",
            "features",
        ],
    );
    answer.insert("project".into(), project);
    let fields = ["identifier", "user", "profile", "admin"];
    answer.insert("membership".into(), picked(membership.resource(), &fields));
    answer.insert("profile".into(), profile(means, caller, seen.profile)?);
    answer.insert("config".into(), configuration(caller));
    answer.insert("accessPolicy".into(), access_policy(means, caller).await?);
    Ok(Value::Object(answer))
}

fn picked(resource: &Resource, fields: &[&str]) -> Value {
    let mut object = Map::new();
    object.insert("resourceType".into(), resource.kind.clone().into());
    object.insert("id".into(), resource.id.to_string().into());
    for field in fields {
        if let Some(value) = resource.body.get(*field) {
            object.insert((*field).into(), value.clone());
        }
    }
    Value::Object(object)
}

fn profile(means: Means<'_>, caller: &Caller, existence: Existence) -> Result<Value, Failure> {
    let Existence::Here(stored) = existence else {
        let reference = caller.profile();
        let id = reference.id().map(|id| id.to_string());
        return Ok(json!({ "resourceType": reference.kind(), "id": id }));
    };
    let mut profile = create_client::shown(means, stored.resource)?;
    if !caller.is_admin() {
        profile.body.shift_remove("secret");
    }
    Ok(profile.to_json(View::Extended))
}

/// The menu of the web app.
fn configuration(caller: &Caller) -> Value {
    let mut menu = vec![section(
        "Favorites",
        &[
            ("Patient", "/Patient"),
            ("Practitioner", "/Practitioner"),
            ("Organization", "/Organization"),
            ("ServiceRequest", "/ServiceRequest"),
            ("DiagnosticReport", "/DiagnosticReport"),
            ("Questionnaire", "/Questionnaire"),
        ],
    )];
    if caller.membership().is_admin() {
        let mut links = vec![
            ("Project", "/admin/project"),
            ("AccessPolicy", "/AccessPolicy"),
            ("Subscriptions", "/Subscription"),
            ("Batch", "/batch"),
        ];
        if !caller.is_super_admin() {
            links.push(("Config", "/admin/config"));
        }
        menu.push(section("Admin", &links));
    }
    if caller.is_super_admin() {
        menu.push(section(
            "Super Admin",
            &[
                ("Projects", "/Project"),
                ("Super Config", "/admin/super"),
                ("Super AsyncJob", "/admin/super/asyncjob"),
                ("Super DB", "/admin/super/db"),
            ],
        ));
    }
    json!({ "resourceType": "UserConfiguration", "menu": menu })
}

fn section(title: &str, links: &[(&str, &str)]) -> Value {
    let links: Vec<Value> = links
        .iter()
        .map(|(name, target)| json!({ "name": name, "target": target }))
        .collect();
    json!({ "title": title, "link": links })
}

/// The rules the caller is under: those of his policies, or everything, and what his role adds.
async fn access_policy(means: Means<'_>, caller: &Caller) -> Result<Value, Failure> {
    let policies = policies(caller.membership());
    let mut rules = Vec::new();
    for reference in &policies {
        let id = reference.id().unwrap_or_default();
        let home = means.store.of(caller);
        if let Existence::Here(policy) = home.resource("AccessPolicy", id).await? {
            let own = policy
                .resource
                .body
                .get("resource")
                .and_then(Value::as_array)
                .cloned();
            rules.extend(own.unwrap_or_default());
        }
    }
    if policies.is_empty() {
        rules.push(json!({ "resourceType": "*" }));
    }
    for kind in ["SearchParameter", "StructureDefinition"] {
        rules.push(json!({ "resourceType": kind, "readonly": true }));
    }
    rules.extend(role_rules(caller));
    let based_on: Vec<Value> = policies.iter().map(fhir::Reference::to_json).collect();
    Ok(json!({ "resourceType": "AccessPolicy", "basedOn": based_on, "resource": rules }))
}

fn policies(membership: &Membership) -> Vec<fhir::Reference> {
    let references = membership
        .administrative_references()
        .into_iter()
        .map(|(_, reference)| reference);
    let mut policies: Vec<_> = references
        .filter(|reference| reference.kind() == "AccessPolicy")
        .collect();
    policies.dedup();
    policies
}

fn role_rules(caller: &Caller) -> Vec<Value> {
    if caller.is_super_admin() {
        let kinds = [
            "UserSecurityRequest",
            "Project",
            "ProjectMembership",
            "User",
        ];
        return kinds
            .iter()
            .map(|kind| json!({ "resourceType": kind }))
            .collect();
    }
    if !caller.membership().is_admin() {
        return Vec::new();
    }
    let own = format!("Project?_id={}", caller.project().id());
    vec![
        json!({ "resourceType": "Project", "criteria": own, "readonlyFields": ["features", "link", "systemSetting"],
                "hiddenFields": ["superAdmin", "systemSecret", "strictMode"] }),
        json!({ "resourceType": "ProjectMembership", "readonlyFields": ["project", "user"] }),
        json!({ "resourceType": "UserSecurityRequest", "readonly": true }),
        json!({ "resourceType": "User", "hiddenFields": ["passwordHash", "mfaSecret"],
                "readonlyFields": ["email", "emailVerified", "mfaEnrolled", "project"] }),
    ]
}
