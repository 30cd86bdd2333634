//! What a token is worth, and who stands behind it.

use domain::{Caller, Claimant, ClientId, Failure, Refusal, Scopes, Secret};
use fhir::Resource;
use identity::Use;
use serde_json::{Map, Value, json};
use store::{Existence, LoginRow, Tenant};

use crate::Means;
use crate::authorize::claimant;

/// What the caller's answer needs besides his own rows.
pub struct Seen {
    profile: Existence,
    session: Option<LoginRow>,
}

/// The caller's profile and session, to be read beside the authorisation.
///
/// # Errors
/// [`Failure::Unavailable`].
pub async fn look(tenant: Tenant<'_>, claimant: Claimant) -> Result<Seen, Failure> {
    let profile = claimant.profile();
    let session = async {
        match claimant.login() {
            Some(login) => tenant.store().session(claimant.subject(), login).await,
            None => Ok(None),
        }
    };
    let (profile, session) =
        tokio::join!(tenant.resource(profile.kind.as_str(), profile.id), session);
    Ok(Seen {
        profile: profile?,
        session: session?,
    })
}

/// The claims about the caller that his scope covers (OpenID Connect Core §5.3, §5.4).
pub fn user_info(caller: &Caller, seen: &Seen) -> Value {
    let mut info = Map::new();
    let profile = caller.profile();
    let id = profile.id().map(|id| id.to_string());
    info.insert("sub".into(), id.into());
    let scope = seen.session.as_ref().map_or("", |row| &row.scope);
    let scopes = Scopes::new(scope);
    let Existence::Here(stored) = &seen.profile else {
        return Value::Object(info);
    };
    let resource = &stored.resource;
    if scopes.has("profile") {
        info.extend(profile_claims(resource, &profile.reference));
    }
    if scopes.has("email") {
        info.extend(email_claims(caller, resource));
    }
    if scopes.has("phone")
        && let Some(phone) = telecom(resource, "phone")
    {
        info.insert("phone_number".into(), phone.into());
    }
    if scopes.has("address")
        && let Some(address) = resource.body.get("address").and_then(|all| all.get(0))
    {
        info.insert("address".into(), json!({ "formatted": formatted(address) }));
    }
    Value::Object(info)
}

fn profile_claims(profile: &Resource, reference: &str) -> Map<String, Value> {
    let mut claims = Map::new();
    claims.insert("profile".into(), reference.into());
    let name = profile.body.get("name").and_then(|names| names.get(0));
    if let Some(name) = name {
        let given = name["given"].as_array().into_iter().flatten();
        let given: Vec<&str> = given.filter_map(Value::as_str).collect();
        let family = name["family"].as_str().unwrap_or_default();
        let whole = [given.join(" "), family.to_owned()].join(" ");
        claims.insert("name".into(), whole.trim().into());
        claims.insert("given_name".into(), given.join(" ").into());
        claims.insert("family_name".into(), family.into());
    }
    for (claim, field) in [("gender", "gender"), ("birthdate", "birthDate")] {
        if let Some(value) = profile.body.get(field) {
            claims.insert(claim.into(), value.clone());
        }
    }
    let updated = profile.meta.last_updated.parse::<domain::Timestamp>();
    if let Ok(updated) = updated {
        claims.insert("updated_at".into(), updated.as_seconds().into());
    }
    claims
}

fn email_claims(caller: &Caller, profile: &Resource) -> Map<String, Value> {
    let user = caller.user();
    let own = user.and_then(|user| user.email()).map(str::to_owned);
    let verified = own.is_some()
        && user.is_some_and(|user| user.resource.body.get("emailVerified") == Some(&true.into()));
    let email = own.or_else(|| telecom(profile, "email"));
    let mut claims = Map::new();
    if let Some(email) = email {
        claims.insert("email".into(), email.into());
        claims.insert("email_verified".into(), verified.into());
    }
    claims
}

fn telecom(profile: &Resource, system: &str) -> Option<String> {
    let all = profile.body.get("telecom")?.as_array()?;
    let found = all.iter().find(|point| point["system"] == system)?;
    found["value"].as_str().map(str::to_owned)
}

/// An address on one line: its lines, city, state, postal code.
fn formatted(address: &Value) -> String {
    let lines = address["line"].as_array().into_iter().flatten();
    let parts = ["city", "state", "postalCode"].map(|field| &address[field]);
    let parts = lines.chain(parts).filter_map(Value::as_str);
    parts.collect::<Vec<_>>().join(", ")
}

/// What a token is worth (RFC 7662): `{ active: false }` whatever is wrong with it.
///
/// # Errors
/// [`Failure::Unavailable`], [`Failure::Corrupt`].
pub async fn introspect(means: Means<'_>, token: &Secret) -> Result<Value, Failure> {
    let issuer = &means.settings.base_url;
    let inactive = json!({ "active": false });
    let claims = means
        .keys
        .verify(token.reveal(), Use::Access, issuer, means.now);
    let Ok(claims) = claims else {
        return Ok(inactive);
    };
    let Some(who) = claimant(&claims) else {
        return Ok(inactive);
    };
    let Ok(caller) = Caller::admit(means.store.evidence(&who).await?) else {
        return Ok(inactive);
    };
    let mut answer = json!({
        "active": true, "iat": claims.iat, "exp": claims.exp, "iss": claims.iss, "sub": claims.sub,
        "scope": claims.scope,
    });
    if let Some(client) = claims.client_id {
        answer["client_id"] = client.to_string().into();
    }
    if caller.profile().kind() == "Patient" {
        answer["patient"] = caller.profile().id().map(|id| id.to_string()).into();
    }
    Ok(answer)
}

/// What an application wants to be shown to those who sign in through it: welcome and logo, if it has them.
///
/// # Errors
/// [`Refusal::NotFound`].
pub async fn client_info(means: Means<'_>, id: &str) -> Result<Value, Failure> {
    let id: ClientId = id.parse().map_err(|_| Refusal::NotFound)?;
    if id == ClientId::COMMAND_LINE {
        return Ok(json!({}));
    }
    let row = means
        .store
        .client_by_id(id)
        .await?
        .ok_or(Refusal::NotFound)?;
    let tenant = means.store.founding(row.project());
    let Existence::Here(stored) = tenant.resource("ClientApplication", id.uuid()).await? else {
        return Err(Refusal::NotFound.into());
    };
    let form = stored.resource.body.get("signInForm");
    let fields = ["welcomeString", "logo"];
    let shown = fields
        .iter()
        .filter_map(|field| Some(((*field).to_owned(), form?.get(field)?.clone())));
    Ok(Value::Object(shown.collect()))
}
