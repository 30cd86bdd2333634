//! Users: their names, and what administrators of their project say of them. Addresses, passwords and factors have operations of their
//! own.

use domain::access::Interaction;
use domain::{Caller, Failure, Fault, USER, User};
use fhir::Resource;
use serde_json::{Map, Value};
use store::{Aborted, Action, Event, Transaction};

use super::Posted;
use super::target::Target;
use crate::create_resource::without_envelope;
use crate::record::changed_fields;
use crate::{Means, rights};

pub(super) async fn rewrite(
    means: Means<'_>,
    caller: &Caller,
    (posted, _): (&Posted, &mut Target),
    old: &User,
) -> Result<Resource, Aborted> {
    let stored = &old.resource;
    rights::to_touch(caller, Interaction::Update, stored)?;
    posted
        .means_version(stored.meta.version)
        .map_err(Failure::from)?;
    let sent = posted.wanted(stored)?;
    let administers = old.scope().project() == Some(caller.realm()) && caller.is_admin();
    let body = old.overwritten_by(sent, administers || caller.is_super_admin());
    let mut new = old.clone();
    new.resource.body = checked(body)?;
    new.resource = rights::to_update(caller, stored, new.resource)?;
    if stored.same_content(&new.resource) {
        return Ok(stored.clone());
    }
    new.resource.meta = means.next_version(caller.profile(), &stored.meta);
    let parties = (caller.profile(), stored.reference());
    let event = Event::success(Action::Update, "update-user", parties, means.now);
    let event = event.with_fields(changed_fields(&stored.body, &new.resource.body));
    let recorded_in = old.scope().project().unwrap_or(caller.realm());
    let home = means.store.founding(recorded_in);
    Transaction::new()
        .step(means.store.update_user(old, &new))
        .step(home.record(&event, means.now, means.dice))
        .commit_or_look_again(means.store, means.dice)
        .await?;
    Ok(new.resource)
}

fn checked(mut body: Map<String, Value>) -> Result<Map<String, Value>, Failure> {
    let body = without_envelope(&mut body)?;
    let mut whole = body.clone();
    whole.insert("resourceType".into(), USER.into());
    let faults: Vec<Fault> = domain::faults(USER, &Value::Object(whole));
    match faults.is_empty() {
        true => Ok(body),
        false => Err(faults.into()),
    }
}
