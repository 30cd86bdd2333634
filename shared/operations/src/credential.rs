//! What every change of a password has in common, whoever makes it.

use std::collections::BTreeMap;

use domain::{Email, Fault, Form, ProjectId, User};
use identity::password::Password;
use serde_json::Value;
use store::{Action, Event, Key, Step};

use crate::Means;

/// Reads a password that is to be set. The upper limit is in bytes; the lower one has words of its own, as recorded.
pub(crate) fn read(form: &mut Form<'_>, field: &str) -> Option<Password> {
    let text = form.value(field).and_then(Value::as_str);
    let Some(text) = text.filter(|text| text.len() >= 8) else {
        let words = "Invalid password, must be at least 8 characters";
        form.fault(Fault::invalid(field, words));
        return None;
    };
    match Password::parse(text) {
        Ok(password) => Some(password),
        Err(fault) => {
            form.fault(Fault::invalid(field, fault.text));
            None
        }
    }
}

impl Means<'_> {
    /// Whether a password may be set: not if everybody knows it.
    ///
    /// # Errors
    /// A fault of `field`.
    pub(crate) fn check_breach(&self, password: &Password, field: &str) -> Result<(), Fault> {
        if self.settings.accounts.breach_list && password.is_breached() {
            return Err(Fault::invalid(field, "Password found in breach database"));
        }
        Ok(())
    }

    /// Where the guard of a user's address stands, if he has one.
    pub(crate) fn guard_of(&self, user: &User) -> Option<Key> {
        let email: Email = user.email()?.parse().ok()?;
        Some(Key::EmailGuard(user.scope(), self.blind_email(&email)))
    }

    /// The event of what somebody did to his own account: in the project that is concerned, else in his own, else in that of the
    /// server's administrators.
    pub(crate) fn own_event(
        &self,
        user: &User,
        concerned: Option<ProjectId>,
        (action, operation, fields): (Action, &str, &[&str]),
    ) -> Step {
        let himself = domain::user_reference(user.id(), None);
        let changed = |field: &&str| ((*field).to_owned(), "changed".to_owned());
        let fields: BTreeMap<_, _> = fields.iter().map(changed).collect();
        let event = Event::success(action, operation, (himself.clone(), himself), self.now);
        let project = concerned
            .or(user.scope().project())
            .unwrap_or(self.keys.super_project());
        self.store
            .founding(project)
            .record(&event.with_fields(fields), self.now, self.dice)
    }
}
