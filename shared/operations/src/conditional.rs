//! Operations that name a resource by a search instead of its id: create it unless it is there, change or delete the one that is found.
//!
//! Two that create with the same words at once make one resource: the words are claimed in the transaction that makes it, for as long as
//! an index may take to find it.

use domain::access::Interaction;
use domain::{Caller, Failure, Fault, Refusal, Timestamp};
use fhir::Resource;
use fhir::search::Next;
use serde_json::Value;
use store::{Answered, Existence, Key, Step, Tenant};
use uuid::Uuid;

use crate::create_resource;
use crate::once::Wish;
use crate::vault::Vaults;
use crate::write::{self, Change, Posted, Written};
use crate::{Means, Sight, read_resource, rights, search};

/// For how long words are claimed: longer than the indexes take to follow the table.
const LIFE: std::time::Duration = std::time::Duration::from_secs(60);
/// Pages of a list without an index that are read before the search is given up.
const MOST_PAGES: usize = 20;

/// The words of a search, or what is wrong with them.
pub type Criteria = Result<Vec<(String, String)>, Failure>;

/// What a search found: one resource, or none.
pub struct Match {
    sight: Sight,
    kind: String,
    found: Option<Uuid>,
    claim: Claim,
}

impl Match {
    /// The resource that was found.
    pub(crate) fn found(&self) -> Option<Uuid> {
        self.found
    }
}

/// The right to make what the words describe.
#[derive(Clone, Debug)]
pub(crate) struct Claim {
    place: Key,
    earlier: Option<Answered>,
}

impl Claim {
    fn of(means: Means<'_>, tenant: Tenant<'_>, kind: &str, words: &[(String, String)]) -> Self {
        let mut words: Vec<String> = words.iter().map(|(of, is)| format!("{of}={is}")).collect();
        words.sort();
        let words = format!("{kind}\n{}", words.join("\n"));
        Self {
            place: tenant.answer_key(means.keys.blind("if-none-exist", &words)),
            earlier: None,
        }
    }

    /// Who has made it within the last moments, if anybody has.
    async fn read(&mut self, tenant: Tenant<'_>, now: Timestamp) -> Result<Option<Uuid>, Failure> {
        let mut found = tenant.read(std::slice::from_ref(&self.place)).await?;
        let record = tenant.answered(&mut found, &self.place)?;
        self.earlier = record.filter(|record| record.counts_at(now));
        let Some(earlier) = &self.earlier else {
            return Ok(None);
        };
        match tenant.resource(&earlier.kind, earlier.resource).await? {
            Existence::Here(stored) => Ok(Some(stored.resource.id)),
            Existence::Gone | Existence::Unknown => Ok(None),
        }
    }

    /// Claims the words for `resource`, in its transaction.
    pub(crate) fn step(&self, means: Means<'_>, tenant: Tenant<'_>, resource: &Resource) -> Step {
        let record = Answered {
            body: String::new(),
            kind: resource.kind.clone(),
            resource: resource.id,
            version: resource.meta.version,
            entries: Vec::new(),
            ttl: means.now.plus(LIFE).as_seconds(),
        };
        match &self.earlier {
            Some(earlier) => tenant.remember_instead(&self.place, &record, earlier),
            None => tenant.remember(&self.place, &record, means.now),
        }
    }
}

/// Searches, beside the authorisation.
///
/// # Errors
/// The faults of the search, one for a search without words; [`Refusal::MultipleMatches`]; [`Failure::Unavailable`].
pub async fn look(
    means: Means<'_>,
    tenant: Tenant<'_>,
    sight: Sight,
    (kind, criteria): (&str, Criteria),
) -> Result<Match, Failure> {
    let words = criteria?;
    let mut claim = Claim::of(means, tenant, kind, &words);
    let (found, made) = tokio::join!(
        Box::pin(find(means, tenant, &sight, (kind, &words))),
        claim.read(tenant, means.now)
    );
    let found = match (found?, made?) {
        (None, Some(made)) => answering(means, tenant, &sight, (kind, &words, made)).await?,
        (found, _) => found,
    };
    Ok(Match {
        sight,
        kind: kind.to_owned(),
        found,
        claim,
    })
}

/// What was made with these words a moment ago, if it answers them and the caller may find it: an index that is behind is the only
/// reason why a search would miss it.
async fn answering(
    means: Means<'_>,
    tenant: Tenant<'_>,
    sight: &Sight,
    (kind, words, made): (&str, &[(String, String)], Uuid),
) -> Result<Option<Uuid>, Failure> {
    let id = ("_id".to_owned(), made.to_string());
    let words: Vec<(String, String)> = std::iter::once(id).chain(words.iter().cloned()).collect();
    Box::pin(find(means, tenant, sight, (kind, &words))).await
}

/// The one resource that the words find.
///
/// # Errors
/// As [`look`].
pub(crate) async fn find(
    means: Means<'_>,
    tenant: Tenant<'_>,
    sight: &Sight,
    (kind, words): (&str, &[(String, String)]),
) -> Result<Option<Uuid>, Failure> {
    let mut query = search::read(kind, words)?;
    if query.filters.is_empty() && query.chains.is_empty() {
        return Err(Fault::general("Search criteria are required").into());
    }
    (query.count, query.offset, query.cursor) = (2, 0, None);
    query.sort.clear();
    let mut found: Option<Uuid> = None;
    for _ in 0..MOST_PAGES {
        let page = search::look_at_home(
            means,
            (tenant, sight.claimant()),
            (kind, Ok(query.clone())),
            sight.clone(),
        )
        .await?;
        for matching in &page.matches {
            if found.replace(matching.id).is_some() {
                return Err(Refusal::MultipleMatches.into());
            }
        }
        match page.next {
            Next::None => return Ok(found),
            Next::Offset => return Err(Refusal::MultipleMatches.into()),
            Next::Cursor(cursor) => query.cursor = Some(cursor),
        }
    }
    Err(Fault::general("Too many resources to search: use a parameter that has an index").into())
}

/// What a conditional creation meets.
pub struct Creation {
    found: Match,
    seen: create_resource::Seen,
}

/// Searches, and looks at what the creation would meet, beside the authorisation.
///
/// # Errors
/// As [`look`] and [`create_resource::look`].
pub async fn look_for_creation(
    means: Means<'_>,
    tenant: Tenant<'_>,
    sight: Sight,
    (criteria, wish): (Criteria, Wish<create_resource::Posted>),
) -> Result<Creation, Failure> {
    let kind = wish.as_ref().map(|(posted, _)| posted.kind.clone());
    let kind = kind.unwrap_or_default();
    let (seen, found) = tokio::join!(
        Box::pin(create_resource::look(means, tenant, sight.clone(), wish)),
        Box::pin(look(means, tenant, sight, (&kind, criteria)))
    );
    // What is wrong with the resource is said first.
    let seen = seen?;
    Ok(Creation {
        found: found?,
        seen,
    })
}

/// Creates the resource, unless one is found.
///
/// # Errors
/// As [`create_resource::create_resource`].
pub async fn create(
    means: Means<'_>,
    caller: &Caller,
    creation: Creation,
) -> Result<Written, Failure> {
    let Creation { found, seen } = creation;
    rights::to(caller, Interaction::Create, &found.kind)?;
    match found.found {
        Some(id) => existing(means, caller, (&found.kind, id)).await,
        None => Box::pin(make(means, caller, (found, seen))).await,
    }
}

async fn make(
    means: Means<'_>,
    caller: &Caller,
    (mut found, seen): (Match, create_resource::Seen),
) -> Result<Written, Failure> {
    let seen = seen.claiming(found.claim.clone());
    match create_resource::create_resource(means, caller, seen).await {
        Err(Failure::Refused(Refusal::Contended)) => {
            let made = found.claim.read(means.store.of(caller), means.now).await?;
            let id = made.ok_or(Refusal::Contended)?;
            existing(means, caller, (&found.kind, id)).await
        }
        made => Ok(Written {
            resource: made?,
            created: true,
        }),
    }
}

async fn existing(
    means: Means<'_>,
    caller: &Caller,
    address: (&str, Uuid),
) -> Result<Written, Failure> {
    let (tenant, all) = (means.store.of(caller), caller.is_super_admin());
    let resource = read_resource::within(means, tenant, address, all).await?;
    Ok(Written {
        resource: rights::shown(Vaults::none(means), caller, resource).await?,
        created: false,
    })
}

/// Changes the resource that was found. Without one, a whole resource is created, and there is nothing to patch.
///
/// # Errors
/// As [`write::update`] and [`create_resource::create_resource`]; [`Refusal::NotFound`] for a patch of nothing.
pub async fn update(
    means: Means<'_>,
    caller: &Caller,
    (found, change): (Match, Result<Change, Failure>),
) -> Result<Written, Failure> {
    rights::to(caller, Interaction::Update, &found.kind)?;
    let (tenant, sight) = (means.store.of(caller), found.sight.clone());
    let change = change?;
    let Some(id) = found.found else {
        let Change::Whole(body) = change else {
            return Err(Refusal::NotFound.into());
        };
        let posted = create_resource::Posted {
            kind: found.kind.clone(),
            body,
            id: None,
        };
        let seen = create_resource::look(means, tenant, sight, Ok((posted, None))).await?;
        return Box::pin(make(means, caller, (found, seen))).await;
    };
    let posted = Posted {
        kind: found.kind.clone(),
        id: Some(id),
        change: named(change, id),
        seen: None,
    };
    let seen = Box::pin(write::look(means, tenant, sight, Ok(posted))).await;
    Box::pin(write::update(means, caller, (&found.kind, seen))).await
}

/// A resource that does not say which one it is, is the one that was found.
fn named(change: Change, id: Uuid) -> Change {
    match change {
        Change::Whole(mut body) => {
            body.entry("id")
                .or_insert_with(|| Value::from(id.to_string()));
            Change::Whole(body)
        }
        Change::Patch(operations) => Change::Patch(operations),
    }
}

/// Deletes the resource that was found, if there is one.
///
/// # Errors
/// As [`write::delete`].
pub async fn delete(means: Means<'_>, caller: &Caller, found: Match) -> Result<(), Failure> {
    rights::to(caller, Interaction::Delete, &found.kind)?;
    let Some(id) = found.found else {
        return Ok(());
    };
    let wish = ((found.kind.as_str(), Some(id)), Ok(None));
    let tenant = means.store.of(caller);
    let look = write::look_for_deletion(means, tenant, found.sight.claimant(), wish);
    let doomed = Box::pin(look).await;
    Box::pin(write::delete(means, caller, (&found.kind, doomed))).await
}
