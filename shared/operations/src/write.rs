//! Change or delete what stands at an address, of whatever type: `PUT`, `PATCH` and `DELETE` of FHIR.
//!
//! Types that are administered by routes of their own are changed here by the very operations of those routes, with all their guards.
//! Everything else is a resource of its project and nothing more.

mod application;
mod delete;
mod member;
mod project;
mod resource;
mod target;
mod user;

use domain::access::Interaction;
use domain::{Caller, Claimant, Failure, Fault, Refusal};
use fhir::{Reference, Resource, View};
use serde_json::{Map, Value};
use store::{Aborted, Found, Tenant};
use uuid::Uuid;

use crate::boundary::References;
use crate::{Means, Sight, conditional_references, linked, rights};

pub use delete::{Doomed, delete, look_for_deletion};
use target::{Stands, Target};

/// How often a change is decided anew when the resource changed meanwhile.
const ROUNDS: usize = 8;

/// What was sent.
#[derive(Clone, Debug)]
pub struct Posted {
    /// The type that the path names.
    pub kind: String,
    /// The id that the path names; `None` when it holds none.
    pub id: Option<Uuid>,
    /// What is to become of it.
    pub change: Change,
    /// The version the caller has seen (`If-Match`).
    pub seen: Option<Uuid>,
}

/// What is to become of a resource.
#[derive(Clone, Debug)]
pub enum Change {
    /// It is to be this, as a whole.
    Whole(Map<String, Value>),
    /// It is to be changed by these operations (RFC 6902).
    Patch(Vec<Value>),
}

/// A resource as it was written.
#[derive(Clone, Debug)]
pub struct Written {
    /// The resource, as the caller sees it.
    pub resource: Resource,
    /// Whether it has come to be by this.
    pub created: bool,
}

/// What a change meets.
pub struct Seen {
    posted: Posted,
    met: Met,
}

enum Met {
    Member(Box<member::Seen>),
    Other(Box<Target>),
}

impl Posted {
    /// The id, or one that nobody has: a malformed id costs the same read as an unknown one.
    fn id(&self) -> Uuid {
        self.id.unwrap_or_default()
    }

    /// A resource that stands for a whole says which one it is.
    fn check(&self) -> Result<(), Failure> {
        match &self.change {
            Change::Whole(body) => names_itself(body, &self.kind, self.id),
            Change::Patch(_) => Ok(()),
        }
    }

    /// The same, with references that are searches resolved.
    async fn resolved(
        mut self,
        means: Means<'_>,
        reader: (Tenant<'_>, &Sight),
    ) -> Result<Self, Failure> {
        match &mut self.change {
            Change::Whole(body) => {
                let sent = std::mem::take(body);
                *body = conditional_references::resolved(means, reader, &self.kind, sent).await?;
            }
            Change::Patch(operations) => {
                let sent = std::mem::take(operations);
                *operations =
                    conditional_references::resolved_in_patch(means, reader, &self.kind, sent)
                        .await?;
            }
        }
        Ok(self)
    }

    fn is_whole(&self) -> bool {
        matches!(self.change, Change::Whole(_))
    }

    fn references(&self) -> Result<References, Failure> {
        match &self.change {
            Change::Whole(body) => References::of(&self.kind, body),
            Change::Patch(_) => Ok(References::default()),
        }
    }

    /// The resource's fields from now on, as a client would send them; `stored` is what he has seen.
    fn wanted(&self, stored: &Resource) -> Result<Map<String, Value>, Failure> {
        let operations = match &self.change {
            Change::Whole(body) => return Ok(body.clone()),
            Change::Patch(operations) => operations,
        };
        let before = stored.to_json(View::Extended);
        let after = fhir::patched(before, operations)
            .map_err(|problem| Fault::general(problem.to_string()))?;
        let Value::Object(after) = after else {
            return Err(Fault::general("The patched resource is no object").into());
        };
        names_itself(&after, &stored.kind, Some(stored.id))?;
        Ok(after)
    }

    /// # Errors
    /// [`Refusal::Stale`] when the caller means another version.
    fn means_version(&self, version: Uuid) -> Result<(), Refusal> {
        match self.seen.is_some_and(|seen| seen != version) {
            true => Err(Refusal::Stale),
            false => Ok(()),
        }
    }
}

fn names_itself(body: &Map<String, Value>, kind: &str, id: Option<Uuid>) -> Result<(), Failure> {
    let text = |field: &str| body.get(field).and_then(Value::as_str);
    if text("resourceType") != Some(kind) {
        return Err(Fault::general("Incorrect resource type").into());
    }
    // An address without an id has nothing behind it, whatever the body says.
    let named = text("id").and_then(|id| Reference::to(format!("{kind}/{id}")).id());
    if id.is_some() && named != id {
        return Err(Fault::general("Incorrect resource ID").into());
    }
    Ok(())
}

/// What a change meets, to be read beside the authorisation. Whoever may not change resources of the type at all learns nothing of it:
/// [`update`] takes what was found wrong, too.
///
/// # Errors
/// The faults of the request, [`Refusal::Forbidden`] for a type that nobody changes, [`Failure::Unavailable`].
pub async fn look(
    means: Means<'_>,
    tenant: Tenant<'_>,
    sight: Sight,
    posted: Result<Posted, Failure>,
) -> Result<Seen, Failure> {
    let posted = posted?;
    let claimant = sight.claimant();
    target::check_type(means, &posted.kind, &claimant)?;
    posted.check()?;
    let address = (posted.kind.as_str(), posted.id());
    let tenant = target::home_of(means, tenant, &claimant, address).await?;
    let posted = posted.resolved(means, (tenant, &sight)).await?;
    read(means, tenant, claimant, posted).await
}

async fn read(
    means: Means<'_>,
    tenant: Tenant<'_>,
    claimant: Claimant,
    posted: Posted,
) -> Result<Seen, Failure> {
    let met = if posted.kind == domain::PROJECT_MEMBERSHIP {
        let seen = member::look(means, tenant, claimant, &posted).await?;
        Met::Member(Box::new(seen))
    } else {
        let more = posted.references()?.keys(tenant);
        let address = (posted.kind.as_str(), posted.id());
        let target = Target::read(means, tenant, claimant, (address, more)).await?;
        Met::Other(Box::new(target))
    };
    Ok(Seen { posted, met })
}

/// Carries the change out.
///
/// # Errors
/// [`Refusal::Forbidden`] first; what [`look`] found wrong; [`Refusal::NotFound`]; [`Refusal::Stale`]; the faults of the resource and of
/// its references; the refusals of the operation that administers the type; [`Refusal::Contended`].
pub async fn update(
    means: Means<'_>,
    caller: &Caller,
    (kind, seen): (&str, Result<Seen, Failure>),
) -> Result<Written, Failure> {
    rights::to(caller, Interaction::Update, kind)?;
    let Seen { mut posted, met } = seen?;
    let mut target = match met {
        Met::Member(seen) => {
            return Box::pin(member::update(means, caller, posted, *seen)).await;
        }
        Met::Other(target) => target,
    };
    let caller = &caller.clone().acting_in(target.project)?;
    for _ in 0..ROUNDS {
        match Box::pin(attempt(means, caller, (&posted, &mut target))).await {
            Ok(written) => {
                let resource =
                    rights::shown(target.vaults(means), caller, written.resource).await?;
                return Ok(Written {
                    resource,
                    ..written
                });
            }
            Err(Aborted::Failed(Failure::Refused(Refusal::NotFound))) => {
                let address = (kind, posted.id());
                return Err(linked::refused(means, caller, address).await?.into());
            }
            Err(Aborted::Failed(failure)) => return Err(failure),
            Err(Aborted::Changed) => {
                let tenant = means.store.of(caller);
                let again = read(means, tenant, target.claimant, posted).await?;
                posted = again.posted;
                target = match again.met {
                    Met::Other(target) => target,
                    Met::Member(_) => return Err(Refusal::Contended.into()),
                };
            }
        }
    }
    Err(Refusal::Contended.into())
}

async fn attempt(
    means: Means<'_>,
    caller: &Caller,
    (posted, target): (&Posted, &mut Target),
) -> Result<Written, Aborted> {
    let changed = |resource| Written {
        resource,
        created: false,
    };
    match std::mem::replace(&mut target.stands, Stands::Nowhere) {
        Stands::Here(stored) => {
            let written = resource::rewrite(means, caller, (posted, target), &stored).await?;
            Ok(changed(written))
        }
        Stands::Project(project) => {
            let written = project::rewrite(means, caller, (posted, target), &project).await?;
            Ok(changed(written))
        }
        Stands::User(user) => {
            let written = user::rewrite(means, caller, (posted, target), &user).await?;
            Ok(changed(written))
        }
        Stands::Buried(tombstone) if posted.kind == domain::PROJECT => {
            let written = project::reopen(means, caller, posted, &tombstone).await?;
            Ok(changed(written))
        }
        Stands::Buried(tombstone) => {
            let written = resource::restore(means, caller, (posted, target), &tombstone).await?;
            Ok(changed(written))
        }
        Stands::Nowhere => {
            let resource = resource::create(means, caller, (posted, target)).await?;
            Ok(Written {
                resource,
                created: true,
            })
        }
    }
}

/// The references that a new version makes and the one before it did not, and the rows they lead to: read already when the whole was
/// sent, else now.
async fn new_references(
    tenant: Tenant<'_>,
    (posted, target): (&Posted, &mut Target),
    (old, body): (Option<&Resource>, &Map<String, Value>),
) -> Result<(References, Found), Failure> {
    let references = References::of(&posted.kind, body)?;
    let references = match old {
        Some(old) => references.beyond(&References::of(&posted.kind, &old.body)?),
        None => references,
    };
    let found = match &posted.change {
        Change::Whole(_) => std::mem::take(&mut target.found),
        Change::Patch(_) if references.is_empty() => Found::default(),
        Change::Patch(_) => tenant.read(&references.keys(tenant)).await?,
    };
    Ok((references, found))
}
