//! `Idempotency-Key`: the same request again has the same effect once, and the same answer twice.

use domain::{Blind, Claimant, Failure, Refusal, Timestamp};
use fhir::Resource;
use store::{Answered, Existence, Found, Key, Step, Tenant};

use crate::Means;

/// How long a key counts.
const LIFE: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

/// A request that its sender wants to have happen at most once.
#[derive(Clone, Debug)]
pub struct Once {
    /// The key as sent.
    pub key: String,
    /// The operation: keys of different operations do not meet.
    pub operation: &'static str,
    /// The raw body.
    pub body: Vec<u8>,
}

/// A request as read, and the key it came with; or what is wrong with either.
pub type Wish<T> = Result<(T, Option<Once>), Failure>;

/// Where a request's record stands, and what it would say.
#[derive(Clone, Debug)]
pub(crate) struct Slip {
    place: Key,
    body: Blind,
}

impl Once {
    /// The record's place: within the project, and for this caller and operation only.
    pub(crate) fn slip(&self, means: Means<'_>, tenant: Tenant<'_>, claimant: &Claimant) -> Slip {
        let scope = format!(
            "{}\n{}\n{}",
            claimant.membership(),
            self.operation,
            self.key
        );
        let place = tenant.answer_key(means.keys.blind("idempotency-key", &scope));
        let body = String::from_utf8_lossy(&self.body);
        Slip {
            place,
            body: means.keys.blind("idempotency-body", &body),
        }
    }
}

/// Where a request's record stands, and what was answered before; for operations that have nothing else to read.
///
/// # Errors
/// [`Refusal::IdempotencyMismatch`], [`Failure::Unavailable`].
pub(crate) async fn look(
    means: Means<'_>,
    tenant: Tenant<'_>,
    claimant: &Claimant,
    once: Option<Once>,
) -> Result<(Option<Slip>, Option<Answered>), Failure> {
    let Some(slip) = once.map(|once| once.slip(means, tenant, claimant)) else {
        return Ok((None, None));
    };
    let mut found = tenant.read(std::slice::from_ref(slip.key())).await?;
    let earlier = slip.earlier(tenant, &mut found, means.now)?;
    Ok((Some(slip), earlier))
}

impl Slip {
    /// The key to read.
    pub(crate) fn key(&self) -> &Key {
        &self.place
    }

    /// What was answered before, if it still counts.
    ///
    /// # Errors
    /// [`Refusal::IdempotencyMismatch`] when the key came with another body.
    pub(crate) fn earlier(
        &self,
        tenant: Tenant<'_>,
        found: &mut Found,
        now: Timestamp,
    ) -> Result<Option<Answered>, Failure> {
        match tenant
            .answered(found, &self.place)?
            .filter(|answer| answer.counts_at(now))
        {
            Some(answer) if answer.body != self.body.as_str() => {
                Err(Refusal::IdempotencyMismatch.into())
            }
            earlier => Ok(earlier),
        }
    }

    /// What was answered to the key by a request that was faster than this one.
    ///
    /// # Errors
    /// As [`Slip::earlier`]; [`Refusal::Contended`] when it was something else that changed.
    pub(crate) async fn answered_meanwhile(
        slip: Option<&Self>,
        tenant: Tenant<'_>,
        now: Timestamp,
    ) -> Result<Answered, Failure> {
        let slip = slip.ok_or(Refusal::Contended)?;
        let mut found = tenant.read(std::slice::from_ref(slip.key())).await?;
        let earlier = slip.earlier(tenant, &mut found, now)?;
        earlier.ok_or_else(|| Refusal::Contended.into())
    }

    /// The record of this request's answer, for its transaction.
    pub(crate) fn remember(&self, tenant: Tenant<'_>, answer: &Resource, now: Timestamp) -> Step {
        let record = Answered {
            body: self.body.as_str().to_owned(),
            kind: answer.kind.clone(),
            resource: answer.id,
            version: answer.meta.version,
            ttl: now.plus(LIFE).as_seconds(),
        };
        tenant.remember(&self.place, &record, now)
    }
}

/// The version that was answered, read again: the current one or the one that was kept when it was superseded.
///
/// # Errors
/// [`Refusal::Gone`] when nothing of it is left.
pub(crate) async fn answer_again(
    tenant: Tenant<'_>,
    earlier: &Answered,
) -> Result<Resource, Failure> {
    let Answered {
        kind,
        resource,
        version,
        ..
    } = earlier;
    let current = if kind == domain::PROJECT_MEMBERSHIP {
        let id = domain::MembershipId::new(*resource);
        let mut found = tenant.read(&tenant.places_of(id)).await?;
        tenant
            .member(&mut found, id)
            .ok()
            .map(|member| member.membership.into_resource())
    } else {
        match tenant.resource(kind, *resource).await? {
            Existence::Here(stored) => Some(stored.resource),
            Existence::Gone | Existence::Unknown => None,
        }
    };
    match current.filter(|current| current.meta.version == *version) {
        Some(current) => Ok(current),
        None => tenant
            .version(kind, *resource, *version)
            .await?
            .ok_or_else(|| Refusal::Gone.into()),
    }
}
