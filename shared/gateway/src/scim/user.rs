//! A member as SCIM shows him.

use domain::Membership;
use fhir::Resource;
use lambda_http::http::header::{ETAG, LOCATION};
use serde_json::{Map, Value, json};

use super::USER;
use crate::Reply;

/// The user: the membership's own fields, the name of its profile and the address under which the person was invited. Nothing of
/// it is read from the user's row, which other projects may share.
pub fn user(membership: &Membership, profile: Option<&Resource>, base_url: &str) -> Value {
    let resource = membership.resource();
    let mut user = Map::new();
    user.insert("schemas".into(), json!([USER]));
    user.insert("id".into(), resource.id.to_string().into());
    user.insert("meta".into(), meta(resource, base_url));
    user.insert("userType".into(), membership.profile().kind().into());
    user.insert("userName".into(), user_name(membership).into());
    if let Some(id) = membership.external_id() {
        user.insert("externalId".into(), id.into());
    }
    if let Some(name) = profile.and_then(name) {
        user.insert("name".into(), name);
    }
    if let Some(email) = membership.user().display {
        user.insert("emails".into(), json!([{ "value": email }]));
    }
    user.insert("active".into(), membership.is_active().into());
    Value::Object(user)
}

/// One user, with his version.
pub fn one(membership: &Membership, profile: Option<&Resource>, base_url: &str) -> Reply {
    let user = user(membership, profile, base_url);
    Reply::scim(user).with(ETAG, tag(membership.resource()))
}

/// One user who has just been provisioned, with his address.
pub fn created(membership: &Membership, profile: Option<&Resource>, base_url: &str) -> Reply {
    let location = location(membership.resource(), base_url);
    one(membership, profile, base_url)
        .status(201)
        .with(LOCATION, location)
}

/// A page of users: `start` is the place of the first one, `total` counts all of them.
pub fn list(users: &[Value], (start, total): (usize, usize)) -> Reply {
    Reply::scim(json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": total,
        "itemsPerPage": users.len(),
        "startIndex": start,
        "Resources": users,
    }))
}

fn meta(resource: &Resource, base_url: &str) -> Value {
    json!({
        "resourceType": "User",
        "version": tag(resource),
        "lastModified": resource.meta.last_updated,
        "location": location(resource, base_url),
    })
}

fn tag(resource: &Resource) -> String {
    format!("W/\"{}\"", resource.meta.version)
}

fn location(resource: &Resource, base_url: &str) -> String {
    format!("{base_url}scim/v2/Users/{}", resource.id)
}

/// The name that was provisioned; without one the user's id stands for it, as recorded.
fn user_name(membership: &Membership) -> String {
    match membership.user_name() {
        Some(name) => name.to_owned(),
        None => membership.user().id().unwrap_or_default().to_string(),
    }
}

fn name(profile: &Resource) -> Option<Value> {
    let first = profile.body.get("name")?.get(0)?;
    let given = first.get("given").and_then(Value::as_array);
    let given: Vec<&str> = given
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let mut name = Map::new();
    if !given.is_empty() {
        name.insert("givenName".into(), given.join(" ").into());
    }
    if let Some(family) = first.get("family") {
        name.insert("familyName".into(), family.clone());
    }
    Some(Value::Object(name))
}
