//! What happens to a session: it gets a membership, its code is redeemed, it is prolonged, it ends.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{LoginId, Refusal, Subject, Timestamp};

use super::{Granted, session_key};
use crate::Store;
use crate::keys::Key;
use crate::step::Step;

impl Store {
    /// A session that has none gets its membership and a code.
    /// `second_factor` says whether it was shown.
    pub fn bind_login(
        &self,
        id: LoginId,
        granted: &Granted,
        (code, second_factor): (&str, bool),
    ) -> Step {
        let words = "SET #project = :project, membership = :membership, #profile = :profile, #code = :code, twice = :twice REMOVE awaits";
        open(Step::update(&Key::Login(id), words))
            .when("attribute_not_exists(membership) AND granted = :no AND revoked = :no")
            .text(":project", granted.project.to_string())
            .value(":twice", AttributeValue::Bool(second_factor))
            .text(":membership", granted.membership.to_string())
            .text(":profile", granted.profile.to_string())
            .text(":code", code)
    }

    /// A session that has a membership gets another code and this scope.
    pub fn renew_code(&self, id: LoginId, (code, scope): (&str, &str)) -> Step {
        open(Step::update(
            &Key::Login(id),
            "SET #code = :code, #scope = :scope",
        ))
        .when("attribute_exists(membership) AND granted = :no AND revoked = :no")
        .text(":code", code)
        .text(":scope", scope)
    }

    /// The code is redeemed: once, and only the one that is good now. `refresh` is the hash of what prolongs the session.
    pub fn grant_login(
        &self,
        id: LoginId,
        (code, refresh): (&str, Option<&str>),
        (now, until): (Timestamp, Timestamp),
    ) -> Step {
        let key = Key::Login(id);
        let step = match refresh {
            Some(refresh) => Step::update(
                &key,
                "SET granted = :yes, updated = :now, #ttl = :until, #refresh = :refresh REMOVE #code",
            )
            .text(":refresh", refresh),
            None => Step::update(
                &key,
                "SET granted = :yes, updated = :now, #ttl = :until REMOVE #code",
            ),
        };
        open(step)
            .when("granted = :no AND revoked = :no AND #code = :code")
            .text(":code", code)
            .value(":yes", AttributeValue::Bool(true))
            .text(":now", now.to_string())
            .number(":until", until.as_seconds())
    }

    /// What prolongs the session is exchanged: `before` counts no more, `after` does.
    pub fn rotate_refresh(
        &self,
        id: LoginId,
        (before, after): (&str, &str),
        (now, until): (Timestamp, Timestamp),
    ) -> Step {
        open(Step::update(
            &Key::Login(id),
            "SET #refresh = :after, updated = :now, #ttl = :until",
        ))
        .when("revoked = :no AND #refresh = :before")
        .text(":before", before)
        .text(":after", after)
        .text(":now", now.to_string())
        .number(":until", until.as_seconds())
    }

    /// The second factor was shown.
    pub fn note_second_factor(&self, id: LoginId) -> Step {
        open(Step::update(
            &Key::Login(id),
            "SET twice = :yes REMOVE awaits",
        ))
        .when("attribute_exists(PK) AND granted = :no AND revoked = :no")
        .value(":yes", AttributeValue::Bool(true))
    }

    /// The session lives on under its subject's new epoch, unless it has ended meanwhile.
    pub fn keep_login(&self, id: LoginId, epoch: u32) -> Step {
        open(Step::update(&Key::Login(id), "SET epoch = :epoch"))
            .number(":epoch", i64::from(epoch))
            .when("revoked = :no")
            .or(Refusal::Unauthorized)
    }

    /// A person's session ends, unless it has ended already.
    pub fn revoke_login(&self, id: LoginId) -> Step {
        revoked(&Key::Login(id))
    }

    /// The session of whoever it is ends, unless it has ended already.
    pub fn revoke_session(&self, of: Subject, id: LoginId) -> Step {
        revoked(&session_key(of, id))
    }
}

fn revoked(session: &Key) -> Step {
    open(Step::update(session, "SET revoked = :yes"))
        .when("revoked = :no")
        .value(":yes", AttributeValue::Bool(true))
}

/// A step whose condition says `:no`.
fn open(step: Step) -> Step {
    step.value(":no", AttributeValue::Bool(false))
}
