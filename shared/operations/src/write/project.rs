//! The project itself: what its administrators say of it, its secrets and sites, its owner; that it is deleted, and comes back.

mod leave;

use std::collections::BTreeMap;

use domain::access::Interaction;
use domain::{Caller, Failure, Fault, PROJECT, Project, UserId};
use fhir::{Meta, Resource};
use serde_json::{Map, Value};
use store::{Aborted, Action, Member, SettingKind, Step, Tenant, Transaction};

use super::target::Target;
use super::{Posted, new_references};
use crate::change::member_user;
use crate::create_resource::without_envelope;
use crate::project_settings::{self, field};
use crate::read_resource::seen as as_seen;
use crate::record::changed_fields;
use crate::vault::Vault;
use crate::{Means, linked, references, rights};

pub(super) use leave::{close, reopen};

/// Rows that one change of a project may write: a transaction has room for a hundred.
const MOST_STEPS: usize = 90;

type Lists = Vec<(SettingKind, Vec<Value>)>;

/// Another version of the project. Secrets and sites stay unless they are sent; then they are replaced as whole lists.
pub(super) async fn rewrite(
    means: Means<'_>,
    caller: &Caller,
    (posted, target): (&Posted, &mut Target),
    old: &Project,
) -> Result<Resource, Aborted> {
    let stored = old.resource();
    rights::to_touch(caller, Interaction::Update, stored)?;
    posted
        .means_version(stored.meta.version)
        .map_err(Failure::from)?;
    let sees_all = caller.is_super_admin();
    let mut sent = posted.wanted(&as_seen(sees_all, stored.clone()))?;
    let lists = take_lists(&mut sent)?;
    let meta = Meta {
        rest: Meta::rest_of(sent.get("meta").unwrap_or(&Value::Null)),
        ..means.next_version(caller.profile(), &stored.meta)
    };
    let body = checked(old.overwritten_by(sent, sees_all))?;
    let new = Resource {
        body,
        meta,
        ..stored.clone()
    };
    let new = Project::from_resource(rights::to_update(caller, stored, new)?);
    if stored.same_content(new.resource()) && lists.is_empty() {
        return Ok(stored.clone());
    }
    let tenant = means.store.of(caller);
    check_references(means, caller, (posted, target), (old, &new)).await?;
    check_privileges(means, (old, &new)).await?;
    let mut steps = tenant.replace_project(old, &new);
    steps.extend(hand_over(means, caller, (old, &new)).await?);
    steps.extend(list_steps(means, tenant, &new, &lists).await?);
    let mut fields = changed_fields(&stored.body, &new.resource().body);
    let changed = lists
        .iter()
        .map(|(kind, _)| (field(*kind).to_owned(), "changed".to_owned()));
    fields.extend(changed);
    write(means, caller, (new, steps), fields, lists).await
}

async fn write(
    means: Means<'_>,
    caller: &Caller,
    (new, steps): (Project, Vec<Step>),
    fields: BTreeMap<String, String>,
    lists: Lists,
) -> Result<Resource, Aborted> {
    if steps.len() > MOST_STEPS {
        let words = "Too much to change at once: change secrets and sites apart";
        return Err(Failure::from(Fault::structure(PROJECT, words)).into());
    }
    let event = (Action::Update, "update-project");
    Transaction::new()
        .steps(steps)
        .step(means.event(caller, event, new.resource(), fields))
        .commit_or_look_again(means.store, means.dice)
        .await?;
    let mut answer = new.into_resource();
    let sent = lists
        .into_iter()
        .map(|(kind, list)| (field(kind).to_owned(), Value::Array(list)));
    answer.body.extend(sent);
    Ok(answer)
}

/// Takes the lists of secrets and of sites out of what was sent.
fn take_lists(sent: &mut Map<String, Value>) -> Result<Lists, Failure> {
    let mut lists = Lists::new();
    for kind in [SettingKind::Secret, SettingKind::Site] {
        match sent.shift_remove(field(kind)) {
            Some(Value::Array(list)) => lists.push((kind, project_settings::parse(kind, list)?)),
            Some(Value::Null) | None => {}
            Some(_) => {
                let path = format!("{PROJECT}.{}", field(kind));
                return Err(Fault::structure(path, "Expected array for property").into());
            }
        }
    }
    Ok(lists)
}

fn checked(mut body: Map<String, Value>) -> Result<Map<String, Value>, Failure> {
    let body = without_envelope(&mut body)?;
    let mut whole = body.clone();
    whole.insert("resourceType".into(), PROJECT.into());
    let faults = domain::faults(PROJECT, &Value::Object(whole));
    match faults.is_empty() {
        true => Ok(body),
        false => Err(faults.into()),
    }
}

/// Features that exist and links that lead somewhere, as far as they are new.
async fn check_privileges(
    means: Means<'_>,
    (old, new): (&Project, &Project),
) -> Result<(), Failure> {
    let (old, new) = (&old.resource().body, &new.resource().body);
    let changes = |field: &str| old.get(field) != new.get(field);
    let faults = match changes("features") {
        true => domain::feature_faults(new),
        false => Vec::new(),
    };
    if !faults.is_empty() {
        return Err(faults.into());
    }
    match changes("link") {
        true => linked::check(means, new).await,
        false => Ok(()),
    }
}

/// Default policies always resolve; everything else by the rule of the boundary.
async fn check_references(
    means: Means<'_>,
    caller: &Caller,
    asked: (&Posted, &mut Target),
    (old, new): (&Project, &Project),
) -> Result<(), Failure> {
    let tenant = means.store.of(caller);
    let versions = (Some(old.resource()), &new.resource().body);
    let (references, found) = new_references(tenant, asked, versions).await?;
    let known = old.default_policies();
    let mut policies = new.default_policies();
    policies.retain(|(_, policy)| !known.iter().any(|(_, it)| it.reference == policy.reference));
    references::check(tenant, &found, &policies)?;
    let own = Some(new.resource().id);
    references
        .check(means, caller, (tenant, &found), (new, own))
        .await
}

/// Another owner: a member of the project, whose memberships are marked from now on instead of the former owner's.
async fn hand_over(
    means: Means<'_>,
    caller: &Caller,
    (old, new): (&Project, &Project),
) -> Result<Vec<Step>, Failure> {
    if new.resource().body.get("owner") == old.resource().body.get("owner") {
        return Ok(Vec::new());
    }
    let tenant = means.store.of(caller);
    let nobody = || {
        Fault::structure(
            "Project.owner",
            "Invalid reference (not a member of the project)",
        )
    };
    let owner = new.owner().ok_or_else(nobody)?;
    let users: Vec<UserId> = old.owner().into_iter().chain([owner]).collect();
    let places = tenant.memberships_of(&users).await?;
    let mut found = tenant.read(&places).await?;
    let members = tenant.members(&mut found, &places)?;
    let owns = |member: &Member| member_user(&member.membership) == Some(owner);
    if !members.iter().any(owns) {
        return Err(nobody().into());
    }
    let mut steps = Vec::new();
    for member in members.iter().filter(|member| member.owner != owns(member)) {
        steps.extend(mark(means, caller, member, owns(member))?);
    }
    Ok(steps)
}

/// The mark is a new version of the membership, so that whoever has read it without the mark decides anew.
fn mark(
    means: Means<'_>,
    caller: &Caller,
    member: &Member,
    owner: bool,
) -> Result<Vec<Step>, Failure> {
    let tenant = means.store.of(caller);
    let old = &member.membership;
    let mut resource = old.resource().clone();
    resource.meta = means.next_version(caller.profile(), &resource.meta);
    let new = Member {
        membership: domain::Membership::from_resource(resource)?,
        owner,
        ..member.clone()
    };
    let mut steps = tenant.replace_member(old, &new)?;
    steps.push(tenant.keep_version(old.resource()));
    Ok(steps)
}

async fn list_steps(
    means: Means<'_>,
    tenant: Tenant<'_>,
    new: &Project,
    lists: &Lists,
) -> Result<Vec<Step>, Failure> {
    if lists.is_empty() {
        return Ok(Vec::new());
    }
    // Read after the project: whoever changes them changes the project's version, and this write then fails.
    let settings = tenant.settings().await?;
    let vault = Vault::open(means, new.id(), settings.data_key.as_deref())?.or_new()?;
    let mut steps: Vec<Step> = vault.step(tenant).into_iter().collect();
    for (kind, list) in lists {
        let former = settings.clone().only(|it| it.kind == *kind).list;
        let sealed = project_settings::sealed(&vault, *kind, list);
        steps.extend(project_settings::steps(tenant, &former, &sealed));
    }
    Ok(steps)
}
