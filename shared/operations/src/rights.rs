//! What a caller may do with which resource: the one place where it is decided, whatever the verb, the route or the batch entry.
//!
//! [`to`] is asked before anything is said about a request, with the type alone; [`to_change`] when the resource is known, as it stands
//! and as it is to become. Both know the rules of administrators, and that of users, who update themselves (seed: "Users exist above the
//! Project level and can only be self-updated").

use domain::access::Interaction;
use domain::{Caller, Failure, Refusal, USER};
use fhir::Resource;

/// Whether the caller may do this with resources of the type at all.
///
/// # Errors
/// [`Refusal::Forbidden`].
pub fn to(caller: &Caller, interaction: Interaction, kind: &str) -> Result<(), Failure> {
    let perhaps_himself = kind == USER && interaction == Interaction::Update;
    decided(caller.is_admin() || perhaps_himself)
}

/// Whether the caller may make `new` of `stored`: `None` is a resource that is not there, before or afterwards. It is asked twice about a
/// change: with the stored resource on both sides before anything of it is told, and with the new one before that is written.
///
/// # Errors
/// [`Refusal::Forbidden`].
pub(crate) fn to_change(
    caller: &Caller,
    stored: Option<&Resource>,
    new: Option<&Resource>,
) -> Result<(), Failure> {
    let is_himself = |resource: &Resource| {
        resource.kind == USER
            && caller
                .user()
                .is_some_and(|own| own.resource.id == resource.id)
    };
    let himself = stored.is_some_and(is_himself) && new.is_some_and(is_himself);
    decided(caller.is_admin() || himself)
}

fn decided(may: bool) -> Result<(), Failure> {
    match may {
        true => Ok(()),
        false => Err(Refusal::Forbidden.into()),
    }
}
