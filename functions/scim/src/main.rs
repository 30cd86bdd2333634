//! `/scim/v2/Users`: people as provisioning systems administer them (SCIM 2.0, RFC 7644).

mod change;
mod create;
mod delete;
mod list;
mod read;

use app::routes::{SCIM_CREATE, SCIM_DELETE, SCIM_LIST, SCIM_PATCH, SCIM_READ, SCIM_REPLACE};
use app::{Ask, Error, Function};
use domain::MembershipId;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    Function::new()
        .on(&SCIM_LIST, list::answer)
        .on(&SCIM_CREATE, create::answer)
        .on(&SCIM_READ, read::answer)
        .on(&SCIM_REPLACE, change::replace)
        .on(&SCIM_PATCH, change::patch)
        .on(&SCIM_DELETE, delete::answer)
        .serve()
        .await
}

/// Whom the path names; a user's id is his membership's.
fn id(ask: &Ask) -> Option<MembershipId> {
    ask.call.parameter("membershipId").parse().ok()
}
