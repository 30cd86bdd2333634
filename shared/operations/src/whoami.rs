//! Who am I, and what does the web app need to show me (contract: `auth/me`).

use domain::{Caller, Claimant, Failure, LoginId, ProfileType, Subject};
use fhir::{Resource, View};
use serde_json::{Map, Value, json};
use store::{Existence, Key, Tenant};

use crate::vault::Vaults;
use crate::{Means, sessions};

/// What an answer about the caller needs besides his own rows.
pub struct Seen {
    profile: Existence,
    data_key: Option<String>,
    sessions: Vec<LoginId>,
    places: Vec<Key>,
}

/// The caller's profile, sessions and memberships, to be read beside the authorisation.
///
/// # Errors
/// [`Failure::Unavailable`].
pub async fn look(tenant: Tenant<'_>, claimant: Claimant) -> Result<Seen, Failure> {
    let profile = claimant.profile();
    let places = async {
        match claimant.subject() {
            Subject::User(user) => tenant.memberships_of(&[user]).await,
            Subject::Client(_) => Ok(Vec::new()),
        }
    };
    // An application that administers its project sees its own secret.
    let data_key = async {
        if profile.kind != ProfileType::ClientApplication {
            return Ok(None);
        }
        let mut found = tenant.read(&[tenant.data_key_place()]).await?;
        tenant.data_key_in(&mut found)
    };
    let (profile, data_key, sessions, places) = tokio::join!(
        tenant.resource(profile.kind.as_str(), profile.id),
        data_key,
        sessions::look(tenant, &claimant),
        places
    );
    Ok(Seen {
        profile: profile?,
        data_key: data_key?,
        sessions: sessions?,
        places: places?,
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
    let vaults = Vaults::knowing(means, caller.project().id(), seen.data_key);
    answer.insert("profile".into(), profile(&vaults, caller, seen.profile)?);
    let (config, security) = tokio::join!(
        configuration(means, caller),
        security(means, caller, (&seen.sessions, &seen.places))
    );
    answer.insert("config".into(), config?);
    answer.insert("accessPolicy".into(), caller.rights().to_json());
    if let Some(security) = security? {
        answer.insert("security".into(), security);
    }
    Ok(Value::Object(answer))
}

/// What a person sees about his own safety: his second factor, his sessions, his memberships in this project.
async fn security(
    means: Means<'_>,
    caller: &Caller,
    (ids, places): (&[LoginId], &[Key]),
) -> Result<Option<Value>, Failure> {
    let Some(user) = caller.user() else {
        return Ok(None);
    };
    let tenant = means.store.of(caller);
    let (sessions, found) = tokio::join!(sessions::shown(means, caller, ids), tenant.read(places));
    let members = tenant.members(&mut found?, places)?;
    let active = members
        .iter()
        .filter(|member| member.membership.is_active());
    let fields = ["identifier", "profile", "admin"];
    let memberships = active.map(|member| picked(member.membership.resource(), &fields));
    let enrolled = user.resource.body.get("mfaEnrolled") == Some(&Value::Bool(true));
    Ok(Some(json!({
        "mfaEnrolled": enrolled,
        "sessions": sessions?,
        "memberships": memberships.collect::<Vec<_>>(),
    })))
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

fn profile(vaults: &Vaults<'_>, caller: &Caller, existence: Existence) -> Result<Value, Failure> {
    let Existence::Here(stored) = existence else {
        let reference = caller.profile();
        let id = reference.id().map(|id| id.to_string());
        return Ok(json!({ "resourceType": reference.kind(), "id": id }));
    };
    let profile = vaults.revealed(caller.rights(), stored.resource)?;
    Ok(profile.to_json(View::Extended))
}

/// The configuration that the membership names, with the usual menu if it has none of its own; else the usual one.
async fn configuration(means: Means<'_>, caller: &Caller) -> Result<Value, Failure> {
    let body = &caller.membership().resource().body;
    let named = body
        .get("userConfiguration")
        .and_then(fhir::Reference::from_json);
    if let Some(id) = named.and_then(|reference| reference.id())
        && let Existence::Here(own) = means.store.of(caller).resource(CONFIGURATION, id).await?
    {
        let mut own = own.resource.to_json(View::Extended);
        if own.get("menu").is_none() {
            own["menu"] = menu(caller);
        }
        return Ok(own);
    }
    Ok(json!({ "resourceType": CONFIGURATION, "menu": menu(caller) }))
}

const CONFIGURATION: &str = "UserConfiguration";

/// The menu of the web app.
fn menu(caller: &Caller) -> Value {
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
    Value::Array(menu)
}

fn section(title: &str, links: &[(&str, &str)]) -> Value {
    let links: Vec<Value> = links
        .iter()
        .map(|(name, target)| json!({ "name": name, "target": target }))
        .collect();
    json!({ "title": title, "link": links })
}
