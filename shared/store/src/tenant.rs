use domain::{Caller, Claimant, ProjectId};

use crate::Store;

/// The rows of one project: the only door to them.
#[derive(Clone, Copy, Debug)]
pub struct Tenant<'a> {
    pub(crate) store: &'a Store,
    pub(crate) project: ProjectId,
}

impl Tenant<'_> {
    /// Whose rows they are.
    pub fn project(&self) -> ProjectId {
        self.project
    }

    /// The table behind it, to commit a transaction.
    pub fn store(&self) -> &Store {
        self.store
    }
}

impl Store {
    /// The rows of the project in which the caller acts.
    pub fn of(&self, caller: &Caller) -> Tenant<'_> {
        Tenant {
            store: self,
            project: caller.realm(),
        }
    }

    /// The rows of the project that genuine credentials are heading for, to be read in the same round trip as the rows that decide
    /// whether they may. What is read is dropped unless they may.
    pub fn ahead_of(&self, claimant: &Claimant) -> Tenant<'_> {
        Tenant {
            store: self,
            project: claimant.realm(),
        }
    }

    /// The rows of a project that the caller's own is linked to, for reading and for nothing else; `None` for any other project, and for
    /// one who acts elsewhere.
    pub fn beside(&self, caller: &Caller, project: ProjectId) -> Option<Tenant<'_>> {
        let own = caller.project();
        let linked = caller.realm() == own.id() && own.links().contains(&project);
        linked.then_some(Tenant {
            store: self,
            project,
        })
    }

    /// The rows of a project that the system itself acts in: creation and mail. Not for anything a caller names.
    pub fn founding(&self, project: ProjectId) -> Tenant<'_> {
        Tenant {
            store: self,
            project,
        }
    }
}
