//! A session of somebody whom a provider has named.

use domain::{ClientId, Failure, LoginId};
use serde_json::{Value, json};
use store::{LoginRow, Transaction};

use crate::Means;
use crate::sign_in::offer::Offer;
use crate::sign_in::password::offered;
use crate::sign_in::through::Rules;
use crate::sign_in::{Pending, welcome};

/// A session that is about to begin.
pub(super) struct Begun<'a> {
    pub(super) login: (LoginId, LoginRow),
    /// The application through which the person comes.
    pub(super) through: Option<ClientId>,
    pub(super) rules: &'a Rules,
}

impl Begun<'_> {
    /// Writes it down: `{ login, code }` when one membership is offered, `{ login, memberships }` when several are, `{ login }` when none is,
    /// because one is about to be made.
    ///
    /// # Errors
    /// The fault "IP address not allowed", and those of [`offered`].
    pub(super) async fn session(
        self,
        means: Means<'_>,
        offer: Option<&Offer>,
    ) -> Result<(LoginId, Value), Failure> {
        let (id, row) = self.login;
        let mut row = row.through(self.through);
        row.pkce_optional = self.rules.pkce_optional;
        row.access_life = self.rules.access_life;
        row.refresh_life = self.rules.refresh_life;
        if let Some((member, project)) = offer.and_then(Offer::only) {
            welcome(means, &row, (&member.membership, project)).await?;
        }
        let (row, more, answer) = match offer {
            Some(offer) => offered(means, Pending { id, row }, offer)?,
            None => (row, Vec::new(), json!({ "login": id.to_string() })),
        };
        let written = Transaction::new()
            .steps(means.store.create_login(id, &row))
            .steps(more);
        means.write(written).await?;
        Ok((id, answer))
    }
}
