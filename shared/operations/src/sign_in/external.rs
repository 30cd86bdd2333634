//! Sign-in by an identity provider: somebody else says who a person is. The user himself is always one of ours.
//!
//! A provider is believed as far as it was trusted by whoever configured it. The server's administrators name one for a domain: it speaks for
//! every address of that domain. A project names one for an application: it speaks for the users who exist within that project
//! alone, so that no project signs in as somebody whom others know, too. Google speaks for everybody on the pages of the installation, and on
//! those of a project for whoever is a member there, as such.

mod addressee;
mod begun;
mod callback;
mod domains;
mod exchange;
mod google;
mod people;
mod picture;
mod provider;

use domain::{Failure, Fault, ProjectId};

use super::wish::Wanted;

pub use callback::{Arrival, Returned, callback};
pub use domains::method;
pub use exchange::{Exchange, NoExchange, exchange};
pub use google::{Google, GoogleWish, with_google};

pub(super) use google::counts_in;
pub(super) use provider::Provider;

pub(crate) use domains::signs_in_elsewhere;

/// For whom a provider speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Realm {
    /// For the addresses of a domain.
    Domain(String),
    /// For the users of a project.
    Project(ProjectId),
}

/// Whom a provider speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Named {
    /// Somebody with an id of its own making.
    Subject(String),
    /// Somebody who has this address.
    Email(domain::Email),
}

impl Realm {
    /// The projects of which memberships count.
    fn wanted(&self, asked: Option<ProjectId>) -> Wanted {
        match self {
            Self::Project(project) => Wanted::This(*project),
            Self::Domain(_) => asked.map_or(Wanted::Any, Wanted::This),
        }
    }
}

fn fault(text: &str) -> Failure {
    Fault::general(text).into()
}
