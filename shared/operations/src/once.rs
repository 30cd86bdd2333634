//! `Idempotency-Key`: the same request again has the same effect once, and the same answer twice.

use domain::{Blind, Claimant, Failure, Refusal, Timestamp};
use fhir::Resource;
use store::{Aborted, Answered, Existence, Found, Key, Step, Tenant};
use uuid::Uuid;

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

/// A request among others with its key: the one that carries the wish out, or one that comes after it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Turn {
    slip: Option<Slip>,
    earlier: Option<Answered>,
}

/// The turn of a request that has nothing else to read.
///
/// # Errors
/// [`Refusal::IdempotencyMismatch`], [`Failure::Unavailable`].
pub(crate) async fn look(
    means: Means<'_>,
    tenant: Tenant<'_>,
    claimant: &Claimant,
    once: Option<Once>,
) -> Result<Turn, Failure> {
    match once.map(|once| once.slip(means, tenant, claimant)) {
        Some(slip) => slip.read(tenant, means.now).await,
        None => Ok(Turn::default()),
    }
}

impl Turn {
    /// The turn of the request that `slip` belongs to, among rows that were read.
    ///
    /// # Errors
    /// [`Refusal::IdempotencyMismatch`] when the key came with another body.
    pub(crate) fn among(
        found: &mut Found,
        slip: Option<Slip>,
        (tenant, now): (Tenant<'_>, Timestamp),
    ) -> Result<Self, Failure> {
        match slip {
            Some(slip) => slip.among(found, tenant, now),
            None => Ok(Self::default()),
        }
    }

    /// What was answered before, if this request comes after another.
    pub(crate) fn earlier(&self) -> Option<&Answered> {
        self.earlier.as_ref()
    }

    /// The slip, for another look.
    pub(crate) fn into_slip(self) -> Option<Slip> {
        self.slip
    }

    /// The record of this request's answer, for its transaction.
    pub(crate) fn remember(
        &self,
        tenant: Tenant<'_>,
        answer: &Resource,
        now: Timestamp,
    ) -> Option<Step> {
        let named = (answer.kind.as_str(), answer.id, answer.meta.version);
        self.remember_as(tenant, named, now)
    }

    /// The same for an answer that says nothing but that it was done.
    pub(crate) fn remember_done(&self, tenant: Tenant<'_>, now: Timestamp) -> Option<Step> {
        self.remember_as(tenant, ("OperationOutcome", Uuid::nil(), Uuid::nil()), now)
    }

    /// The same for an answer that is no resource: its kind, its id, and what tells its versions apart.
    pub(crate) fn remember_as(
        &self,
        tenant: Tenant<'_>,
        (kind, resource, version): (&str, Uuid, Uuid),
        now: Timestamp,
    ) -> Option<Step> {
        let slip = self.slip.as_ref()?;
        let record = Answered {
            body: slip.body.as_str().to_owned(),
            kind: kind.to_owned(),
            resource,
            version,
            entries: Vec::new(),
            ttl: now.plus(LIFE).as_seconds(),
        };
        Some(tenant.remember(&slip.place, &record, now))
    }

    /// The same for a request that is several: what became of each.
    pub(crate) fn remember_entries(
        &self,
        tenant: Tenant<'_>,
        entries: Vec<String>,
        now: Timestamp,
    ) -> Option<Step> {
        let slip = self.slip.as_ref()?;
        let record = Answered {
            body: slip.body.as_str().to_owned(),
            kind: "Bundle".into(),
            resource: Uuid::nil(),
            version: Uuid::nil(),
            entries,
            ttl: now.plus(LIFE).as_seconds(),
        };
        Some(tenant.remember(&slip.place, &record, now))
    }

    /// How the write ended: `None` when it is done, else what was answered to a request that was faster.
    ///
    /// # Errors
    /// Why it was not written; [`Refusal::Contended`] when something else has changed meanwhile.
    pub(crate) async fn settle(
        &self,
        written: Result<(), Aborted>,
        (tenant, now): (Tenant<'_>, Timestamp),
    ) -> Result<Option<Answered>, Failure> {
        match (written, &self.slip) {
            (Ok(()), _) => Ok(None),
            (Err(Aborted::Failed(failure)), _) => Err(failure),
            (Err(Aborted::Changed), None) => Err(Refusal::Contended.into()),
            (Err(Aborted::Changed), Some(slip)) => {
                let turn = slip.clone().read(tenant, now).await?;
                let faster = turn.earlier.ok_or(Refusal::Contended)?;
                Ok(Some(faster))
            }
        }
    }
}

impl Slip {
    /// The key to read.
    pub(crate) fn key(&self) -> &Key {
        &self.place
    }

    async fn read(self, tenant: Tenant<'_>, now: Timestamp) -> Result<Turn, Failure> {
        let mut found = tenant.read(std::slice::from_ref(self.key())).await?;
        self.among(&mut found, tenant, now)
    }

    fn among(self, found: &mut Found, tenant: Tenant<'_>, now: Timestamp) -> Result<Turn, Failure> {
        let earlier = tenant
            .answered(found, &self.place)?
            .filter(|answer| answer.counts_at(now));
        if earlier
            .as_ref()
            .is_some_and(|answer| answer.body != self.body.as_str())
        {
            return Err(Refusal::IdempotencyMismatch.into());
        }
        Ok(Turn {
            slip: Some(self),
            earlier,
        })
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
    let current = match kind.as_str() {
        domain::PROJECT_MEMBERSHIP => {
            let id = domain::MembershipId::new(*resource);
            let mut found = tenant.read(&tenant.places_of(id)).await?;
            let member = tenant.member(&mut found, id).ok();
            member.map(|member| member.membership.into_resource())
        }
        domain::PROJECT => {
            let project = tenant.read_project().await?;
            project.map(domain::Project::into_resource)
        }
        _ => match tenant.resource(kind, *resource).await? {
            Existence::Here(stored) => Some(stored.resource),
            Existence::Gone | Existence::Unknown => None,
        },
    };
    match current.filter(|current| current.meta.version == *version) {
        Some(current) => Ok(current),
        None => tenant
            .version(kind, *resource, *version)
            .await?
            .ok_or_else(|| Refusal::Gone.into()),
    }
}
