//! An invite with `upsert` that meets a member: his stored fields are overlaid, and his invitation goes out again.

use domain::{Caller, Failure, Refusal};
use fhir::Resource;
use store::{Aborted, Delivery, Member, Tenant};

use super::Seen;
use super::parts::{Parts, Profile};
use crate::Means;
use crate::change::{Change, change};

pub(super) async fn overlay(
    means: Means<'_>,
    caller: &Caller,
    seen: &Seen,
    parts: &Parts,
) -> Result<Resource, Aborted> {
    let tenant = means.store.of(caller);
    let member = member_of(tenant, seen, parts).await?;
    let profile = member.membership.profile_ref().map_err(Failure::from)?;
    if !matches!(&parts.profile, Profile::Known(known) if *known == profile) {
        return Err(Failure::from(Refusal::DifferentProfile).into());
    }
    let body = member.membership.overlaid_by(&seen.invitation.template);
    let mut invited = member.invited;
    let mut extra = Vec::new();
    if parts.invitation.delivery == Delivery::Queued {
        match member.invitation() {
            Some(earlier) => extra.push(tenant.invite_again(earlier, &parts.invitation)),
            None => {
                invited = true;
                extra.extend(
                    tenant.create_invitation(&parts.invitation.clone().of(member.membership.id())),
                );
            }
        }
    }
    let change_to = Change {
        author: fhir::Reference::system(),
        operation: "invite",
        invited,
        body,
        extra,
        turn: &seen.turn,
    };
    change(means, caller, &member, change_to).await
}

/// The user's membership: the one with the named profile, or the only one.
async fn member_of(tenant: Tenant<'_>, seen: &Seen, parts: &Parts) -> Result<Member, Failure> {
    let places = tenant.memberships_of(&[parts.user()]).await?;
    let mut found = tenant.read(&places).await?;
    let mut members = tenant.members(&mut found, &places)?;
    if let (Some(named), true) = (seen.invitation.profile, members.len() > 1) {
        members.retain(|member| member.membership.profile_ref().ok() == Some(named));
    }
    match (members.pop(), members.is_empty()) {
        (Some(member), true) => Ok(member),
        (None, _) => Err(Refusal::DifferentProfile.into()),
        (Some(_), false) => Err(Refusal::MultipleMatches.into()),
    }
}
