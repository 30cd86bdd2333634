//! Keep the names in memberships: they show those of their user, their profile and their project, which change elsewhere.
//!
//! What the stream says is only whose name to look at. What is shown afterwards is the name as it stands, however often and in whatever
//! order the stream says so.

use domain::{Failure, Membership, ProfileRef, ProjectId, UserId};
use fhir::Reference;
use store::{Aborted, Member, Tenant, Transaction, together};

pub use store::Renamed;

use crate::Means;

/// Memberships that are read and changed at once.
const AT_ONCE: usize = 25;
/// How often a membership that changes meanwhile is looked at again.
const ROUNDS: usize = 8;

/// A field of memberships, and what it is to show.
#[derive(Clone)]
struct Shown {
    field: &'static str,
    target: Reference,
}

/// Follows one change of name.
///
/// # Errors
/// [`Failure::Unavailable`], [`Failure::Corrupt`]: it is to be followed again.
pub async fn follow(means: Means<'_>, renamed: Renamed) -> Result<(), Failure> {
    match renamed {
        Renamed::Profile(project, profile) => of_profile(means, project, profile).await,
        Renamed::User(user) => of_user(means, user).await,
        Renamed::Project(project) => of_project(means, project).await,
    }
}

async fn of_profile(
    means: Means<'_>,
    project: ProjectId,
    profile: ProfileRef,
) -> Result<(), Failure> {
    let tenant = means.store.founding(project);
    for _ in 0..ROUNDS {
        let key = tenant.resource_key(profile.kind.as_str(), profile.id);
        let mut found = tenant.read(std::slice::from_ref(&key)).await?;
        let Some(stored) = tenant.stored(&mut found, &key)? else {
            return Ok(());
        };
        let target = stored.resource.reference();
        let places = tenant.memberships_with(profile).await?;
        let mut found = tenant.read(&places).await?;
        let members = tenant.members(&mut found, &places)?;
        let shown = Shown {
            field: "profile",
            target,
        };
        if show(means, tenant, members, &shown).await? {
            return Ok(());
        }
    }
    Err(kept_changing())
}

async fn of_user(means: Means<'_>, id: UserId) -> Result<(), Failure> {
    for _ in 0..ROUNDS {
        let person = means.store.person(id).await?;
        let Some(user) = person.user else {
            return Ok(());
        };
        let shown = Shown {
            field: "user",
            target: user.reference(),
        };
        let mut settled = true;
        for place in &person.places {
            let tenant = means.store.founding(place.project);
            let key = place.key();
            let mut found = tenant.read(std::slice::from_ref(&key)).await?;
            let members = tenant.members(&mut found, &[key])?;
            settled &= show(means, tenant, members, &shown).await?;
        }
        if settled {
            return Ok(());
        }
    }
    Err(kept_changing())
}

async fn of_project(means: Means<'_>, id: ProjectId) -> Result<(), Failure> {
    let tenant = means.store.founding(id);
    for _ in 0..ROUNDS {
        let Some(project) = tenant.read_project().await? else {
            return Ok(());
        };
        let shown = Shown {
            field: "project",
            target: project.reference(),
        };
        let (mut settled, mut start) = (true, None);
        loop {
            let (members, next) = tenant.some_members(AT_ONCE, start).await?;
            settled &= show(means, tenant, members, &shown).await?;
            start = next;
            if start.is_none() {
                break;
            }
        }
        if settled {
            return Ok(());
        }
    }
    Err(kept_changing())
}

/// Writes the name into those memberships that show another one; whether all of them show it now.
async fn show(
    means: Means<'_>,
    tenant: Tenant<'_>,
    members: Vec<Member>,
    shown: &Shown,
) -> Result<bool, Failure> {
    let mut settled = true;
    for some in members.chunks(AT_ONCE) {
        let changes = some
            .iter()
            .map(|member| write(means, tenant, member, shown));
        for done in together(changes.collect()).await {
            settled &= done?;
        }
    }
    Ok(settled)
}

async fn write(
    means: Means<'_>,
    tenant: Tenant<'_>,
    member: &Member,
    shown: &Shown,
) -> Result<bool, Failure> {
    let Some(new) = renamed(&member.membership, shown)? else {
        return Ok(true);
    };
    let step = tenant.redisplay_member(member, new)?;
    let written = Transaction::new().step(step);
    match written.commit_or_look_again(means.store, means.dice).await {
        Ok(()) => Ok(true),
        Err(Aborted::Changed) => Ok(false),
        Err(Aborted::Failed(failure)) => Err(failure),
    }
}

/// The membership with the name that is to be shown; `None` when it shows it already, or refers to something else by now.
fn renamed(membership: &Membership, shown: &Shown) -> Result<Option<Membership>, Failure> {
    let mut resource = membership.resource().clone();
    let now = resource
        .body
        .get(shown.field)
        .and_then(Reference::from_json);
    let Some(now) = now.filter(|now| now.reference == shown.target.reference) else {
        return Ok(None);
    };
    if now.display == shown.target.display {
        return Ok(None);
    }
    let target = shown.target.to_json();
    resource.body.insert(shown.field.to_owned(), target);
    Ok(Some(Membership::from_resource(resource)?))
}

fn kept_changing() -> Failure {
    Failure::unavailable("the names in memberships", "they kept changing")
}
