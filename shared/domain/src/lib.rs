//! The words and rules of Roster.
//!
//! Pure: no AWS, no HTTP, no async. Time and chance are arguments ([`Timestamp`], [`Dice`]). What can go wrong is said in
//! three words: a [`Fault`] is a badly formed field, a [`Refusal`] is the rules saying no, a [`Failure`] is what a lower
//! room reports whatever it is made of.

mod dice;
mod email;
mod failure;
mod fault;
mod id;
mod refusal;
mod secret;
mod time;

pub use dice::Dice;
pub use email::Email;
pub use failure::Failure;
pub use fault::{Fault, FaultKind};
pub use id::{ClientId, LoginId, MembershipId, NotAnId, ProjectId, RequestId, UserId};
pub use refusal::Refusal;
pub use secret::{Blind, Secret};
pub use time::Timestamp;
