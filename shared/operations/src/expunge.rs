//! Delete for good (contract: `$expunge`): a resource with its past at once; a project with everything in it, or a resource with everything
//! in its compartment, by a job.

mod everything;
mod project;
mod resource;
mod sweep;

use domain::{Caller, Claimant, Failure, Fault, JobId, PROJECT, PROJECT_MEMBERSHIP, Refusal, USER};
use store::Tenant;
use uuid::Uuid;

pub(crate) use everything::step as clear;
pub use project::depart;
pub(crate) use project::step;
pub use store::Farewell;
pub(crate) use sweep::{Sweep, sweep};

use crate::once::{Once, Turn};
use crate::read_resource::unknown_type;
use crate::{Means, rights};

/// Types that go by other ways: events by the server's own, requests with their users.
const BY_OTHER_WAYS: [&str; 2] = ["AuditEvent", "UserSecurityRequest"];

/// What the request meets.
pub struct Seen {
    turn: Turn,
    what: What,
}

enum What {
    Project(Box<project::Closing>),
    Resource(Box<resource::Leftover>),
    /// With everything in its compartment, as asked for at this URL.
    Everything(Box<resource::Leftover>, String),
}

/// What was done about a wish.
#[derive(Debug)]
pub enum Expunged {
    /// All of it.
    Now,
    /// A job is on its way.
    By(JobId),
}

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The type named by the path.
    pub kind: String,
    /// The id named by the path.
    pub id: String,
    /// Whether everything goes that lies in its compartment, too; of a project it does, whether asked or not.
    pub everything: bool,
    /// The URL of the request.
    pub url: String,
}

impl Wanted {
    /// Reads the parameters of a request: the type and the id of the path, `everything` of the query.
    ///
    /// # Errors
    /// A fault for an `everything` that is neither true nor false.
    pub fn parse(
        (kind, id): (&str, &str),
        everything: Option<&str>,
        url: String,
    ) -> Result<Self, Failure> {
        let everything = match everything {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => {
                let words = "everything must be true or false";
                return Err(Fault::invalid("everything", words).into());
            }
        };
        Ok(Self {
            kind: kind.to_owned(),
            id: id.to_owned(),
            everything,
            url,
        })
    }
}

/// What the request meets, to be read beside the authorisation: in the caller's project, or, for super admins, where it is.
///
/// # Errors
/// A fault for an unknown type, [`Refusal::Forbidden`] for one that goes another way, [`Refusal::NotFound`] for an unknown, foreign
/// or malformed id alike, [`Refusal::IdempotencyMismatch`], [`Failure::Unavailable`].
pub async fn look(
    means: Means<'_>,
    tenant: Tenant<'_>,
    claimant: Claimant,
    (wanted, once): (Result<Wanted, Failure>, Result<Option<Once>, Failure>),
) -> Result<Seen, Failure> {
    let (wanted, once) = (wanted?, once?);
    let kind = wanted.kind.as_str();
    if !fhir::known(kind) {
        return Err(unknown_type());
    }
    if rights::is_protected(means, kind, &claimant) || BY_OTHER_WAYS.contains(&kind) {
        return Err(Refusal::Forbidden.into());
    }
    // A malformed id costs the same read as an unknown one.
    let id = wanted.id.parse::<JobId>().map_or(Uuid::nil(), JobId::uuid);
    let turn = crate::once::look(means, tenant, &claimant, once.clone());
    let all_seeing = claimant.project() == means.keys.super_project();
    if kind == PROJECT {
        let seen = project::look(means, (tenant, all_seeing), id, wanted.url.clone());
        let (turn, seen) = tokio::join!(turn, seen);
        let what = What::Project(Box::new(seen?));
        return Ok(Seen { turn: turn?, what });
    }
    let seen = resource::look(means, (tenant, all_seeing), (kind, id));
    let (turn, seen) = tokio::join!(turn, seen);
    let mut turn = turn?;
    let gone = matches!(&seen, Err(Failure::Refused(Refusal::NotFound)));
    if gone && once.is_some() && turn.earlier().is_none() {
        // Both were read at once: the same request may have been faster in between.
        turn = crate::once::look(means, tenant, &claimant, once).await?;
    }
    let what = match seen {
        // What was done for the same key is done.
        Err(_) if gone && turn.earlier().is_some() => {
            resource::Leftover::nothing(tenant.project(), (kind, id))
        }
        seen => seen?,
    };
    // In a membership, or in a user, nothing else lies.
    let alone = [PROJECT_MEMBERSHIP, USER].contains(&kind) || !wanted.everything;
    let what = match alone {
        true => What::Resource(Box::new(what)),
        false => What::Everything(Box::new(what), wanted.url.clone()),
    };
    Ok(Seen { turn, what })
}

/// Deletes it, or begins to.
///
/// # Errors
/// The refusals of the guards: [`Refusal::OwnerRemoval`], [`Refusal::LastAdmin`], [`Refusal::ProfileInUse`], [`Refusal::UserInUse`],
/// [`Refusal::SuperProject`]; [`Refusal::Contended`].
pub async fn expunge(means: Means<'_>, caller: &Caller, seen: Seen) -> Result<Expunged, Failure> {
    match seen.what {
        What::Project(closing) => {
            let job = project::begin(means, caller, (*closing, &seen.turn)).await?;
            Ok(Expunged::By(job))
        }
        What::Everything(leftover, url) => {
            let wish = (*leftover, url, &seen.turn);
            Ok(Expunged::By(everything::begin(means, caller, wish).await?))
        }
        What::Resource(leftover) => {
            resource::expunge(means, caller, (*leftover, &seen.turn)).await?;
            Ok(Expunged::Now)
        }
    }
}
