//! The HTTP edge: which routes there are ([`ROUTES`]) and how they are described ([`openapi`]), what was asked ([`Call`]), and what is answered ([`Reply`], [`Problem`]).
//!
//! Nothing else in the product knows a status code, a header or a path. This crate never sees the table or the mail.

pub mod authorization;
mod call;
pub mod capability;
mod cors;
pub mod entry;
pub mod limits;
pub mod oauth;
pub mod openapi;
mod percent;
mod picture;
mod problem;
mod reply;
pub mod routes;
mod rows;
pub mod scim;

pub use call::Call;
pub use cors::Origins;
pub use picture::with_picture;
pub use problem::Problem;
pub use reply::{Page, Pretty, Reply};
pub use routes::{Access, NOT_FOUND, ROUTES, Route};
