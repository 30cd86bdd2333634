//! Members who are persons, each with the profile that says who he is: what provisioning systems administer. Every change goes
//! through the operation that makes it on any other route.

use domain::{Caller, Claimant, Failure, Membership, MembershipId, Refusal};
use fhir::Resource;
use fhir::search::Query;
use serde_json::{Map, Value};
use store::Tenant;
use uuid::Uuid;

use crate::list_members;
use crate::remove_member::{self, Leaving};
use crate::search::Listing;
use crate::update_membership::{self, Posted, Wanted};
use crate::{Means, get_membership, invite};

/// A member and his profile.
#[derive(Clone, Debug)]
pub struct Person {
    /// The membership.
    pub membership: Membership,
    /// The profile, if it is there.
    pub profile: Option<Resource>,
}

/// A page of people.
#[derive(Debug, Default)]
pub struct People {
    /// Who they are, in order.
    pub people: Vec<Person>,
    /// How many there are in all.
    pub total: usize,
}

/// The people whom the first of the queries finds, or the next one; to be read beside the authorisation. The queries ask for
/// profiles (`_include`) and totals themselves.
///
/// # Errors
/// The faults of the request, [`Failure::Unavailable`].
pub async fn look_at_all(
    means: Means<'_>,
    tenant: Tenant<'_>,
    queries: Result<Vec<Query>, Failure>,
) -> Result<People, Failure> {
    let mut found = People::default();
    for query in queries? {
        found = page(list_members::list(means, tenant, query).await?)?;
        if found.total > 0 {
            break;
        }
    }
    Ok(found)
}

fn page(listing: Listing) -> Result<People, Failure> {
    let total = listing.total.and_then(|total| usize::try_from(total).ok());
    let total = total.unwrap_or(listing.matches.len());
    let of = |membership: &Membership| {
        let id = membership.profile().id();
        let mut profiles = listing.included.iter();
        profiles.find(|profile| Some(profile.id) == id).cloned()
    };
    let person = |resource| {
        let membership = Membership::from_resource(resource)?;
        Ok(Person {
            profile: of(&membership),
            membership,
        })
    };
    let people = listing.matches.into_iter().map(person);
    Ok(People {
        people: people.collect::<Result<_, Failure>>()?,
        total,
    })
}

/// One person, to be read beside the authorisation.
///
/// # Errors
/// [`Refusal::NotFound`] for an unknown, foreign or malformed id, and for a member that is no person; [`Refusal::Gone`].
pub async fn look(tenant: Tenant<'_>, id: Option<MembershipId>) -> Result<Person, Failure> {
    let membership = get_membership::look(tenant, id).await?;
    person(tenant, Membership::from_resource(membership)?).await
}

async fn person(tenant: Tenant<'_>, membership: Membership) -> Result<Person, Failure> {
    must_be_a_person(&membership)?;
    let keys: Vec<_> = tenant
        .referenced_key(&membership.profile())
        .into_iter()
        .collect();
    let mut found = tenant.read(&keys).await?;
    let stored = keys
        .first()
        .map(|key| tenant.stored(&mut found, key))
        .transpose()?;
    let profile = stored.flatten().map(|stored| stored.resource);
    Ok(Person {
        membership,
        profile,
    })
}

fn must_be_a_person(membership: &Membership) -> Result<(), Failure> {
    if membership.profile_ref()?.kind.is_person() {
        return Ok(());
    }
    Err(Refusal::NotFound.into())
}

/// Invites a person.
///
/// # Errors
/// As [`invite::invite`].
pub async fn invite(
    means: Means<'_>,
    caller: &Caller,
    seen: invite::Seen,
) -> Result<Person, Failure> {
    let membership = invite::invite(means, caller, seen).await?;
    person(
        means.store.of(caller),
        Membership::from_resource(membership)?,
    )
    .await
}

/// A person who is to be changed.
pub struct Changing {
    /// As he is.
    pub person: Person,
    seen: update_membership::Seen,
}

/// The person who is to be changed, with the wish that was read, to be looked at beside the authorisation. `seen` is the version that
/// the caller means.
///
/// # Errors
/// The faults of the wish; as [`look`].
pub async fn look_for_change<T>(
    means: Means<'_>,
    (tenant, claimant): (Tenant<'_>, Claimant),
    id: Option<MembershipId>,
    wish: Result<(T, Option<Uuid>), Failure>,
) -> Result<(T, Changing), Failure> {
    let (wish, version) = wish?;
    // A malformed id costs the same read as an unknown one.
    let id = id.unwrap_or_else(|| MembershipId::new(Uuid::nil()));
    let posted = Posted {
        id: Some(id),
        wanted: Wanted::Except(Map::new()),
        seen: version,
    };
    let seen = update_membership::look(means, tenant, claimant, Ok((posted, None))).await?;
    let (membership, seen) = seen.membership()?;
    let person = person(tenant, membership).await?;
    Ok((wish, Changing { person, seen }))
}

/// Changes these fields of the person's membership; `null` takes one away.
///
/// # Errors
/// As [`update_membership::update_membership`].
pub async fn change(
    means: Means<'_>,
    caller: &Caller,
    changing: Changing,
    fields: Map<String, Value>,
) -> Result<Person, Failure> {
    let seen = changing.seen.of_fields(fields);
    let membership = update_membership::update_membership(means, caller, seen).await?;
    Ok(Person {
        membership: Membership::from_resource(membership)?,
        ..changing.person
    })
}

/// The person who is to go, to be read beside the authorisation.
///
/// # Errors
/// The fault of the wish; as [`look`]; [`Refusal::Stale`] when he is no longer the version that the caller means.
pub async fn look_for_removal(
    tenant: Tenant<'_>,
    id: Option<MembershipId>,
    seen: Result<Option<Uuid>, Failure>,
) -> Result<Leaving, Failure> {
    let leaving = remove_member::look_for(tenant, id, seen).await?;
    must_be_a_person(leaving.membership())?;
    Ok(leaving)
}
