use crate::{Fault, Refusal};

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// What any lower room may report, whatever it is made of. `gateway` turns it into a status; causes go to the log only.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Fields are badly formed: every one that was found.
    #[error("{} field(s) are badly formed", .0.len())]
    Faulty(Vec<Fault>),
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The table or a service did not answer in time, or had no capacity left: nothing was stored.
    #[error("{what} is unavailable")]
    Unavailable {
        /// What we were doing.
        what: &'static str,
        /// Why it failed; for the log.
        #[source]
        cause: Cause,
    },
    /// A stored row cannot be understood.
    #[error("{what} is corrupt")]
    Corrupt {
        /// Which kind of row.
        what: &'static str,
        /// Why; for the log.
        #[source]
        cause: Cause,
    },
}

impl Failure {
    /// `what` could not be reached or had no capacity.
    pub fn unavailable(what: &'static str, cause: impl Into<Cause>) -> Self {
        Self::Unavailable {
            what,
            cause: cause.into(),
        }
    }

    /// `what` is stored in a shape that nobody writes.
    pub fn corrupt(what: &'static str, cause: impl Into<Cause>) -> Self {
        Self::Corrupt {
            what,
            cause: cause.into(),
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Faulty(vec![fault])
    }
}

impl From<Vec<Fault>> for Failure {
    fn from(faults: Vec<Fault>) -> Self {
        Self::Faulty(faults)
    }
}
