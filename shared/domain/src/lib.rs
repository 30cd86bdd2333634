//! The words and rules of Roster.
//!
//! Pure: no AWS, no HTTP, no async. Time and chance are arguments ([`Timestamp`], [`Dice`]). What can go wrong is said in
//! three words: a [`Fault`] is a badly formed field, a [`Refusal`] is the rules saying no, a [`Failure`] is what a lower
//! room reports whatever it is made of.

pub mod access;
mod allowance;
mod back_off;
mod caller;
mod claimant;
mod definition;
mod dice;
mod email;
mod evidence;
mod failure;
mod fault;
mod form;
mod id;
mod invitation;
mod membership;
mod profile;
mod project;
mod refusal;
mod scopes;
mod secret;
mod time;
mod user;

pub use allowance::{Allowance, Minute};
pub use back_off::{Attempt, BackOff, History, Tries};
pub use caller::Caller;
pub use claimant::{Claimant, PolicyHint};
pub use definition::{faults, search};
pub use dice::Dice;
pub use email::Email;
pub use evidence::{ClientStanding, Credentials, Evidence, Session, Subject};
pub use failure::Failure;
pub use fault::{Fault, FaultKind};
pub use form::Form;
pub use id::{ClientId, JobId, LoginId, MembershipId, NotAnId, ProjectId, RequestId, UserId};
pub use invitation::{Column, Existing, Invitation};
pub use membership::{Membership, PROJECT_MEMBERSHIP, administrative_references};
pub use profile::{ProfileRef, ProfileType, emails, person_body, with_new_email};
pub use project::{FEATURES, PROJECT, Project, feature_faults, link_faults};
pub use refusal::Refusal;
pub use scopes::Scopes;
pub use secret::{Blind, Secret};
pub use time::Timestamp;
pub use user::{Scope, Standing, USER, User, user_reference};
