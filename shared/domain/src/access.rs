//! Who may do what with which resource, and by which rule (contract: access control; seed guide, "Access Policies").
//!
//! Pure: the rules that a membership is under are laid out in order ([`rules_of`]), and the first one that applies decides
//! ([`decide`]); [`Rights`] are what that comes to for one member. Everything that can allow something is a rule, also what a role or the lack of a policy brings with it, so that every
//! decision can be explained by naming one.

mod address;
mod criteria;
mod decide;
mod fields;
mod interaction;
mod lens;
mod rights;
mod rule;
mod standing;
mod written;

pub use address::AddressRule;
pub use criteria::{Criteria, Parameters};
pub use decide::{Asked, Decision, Verdict, decide};
pub use interaction::Interaction;
pub use lens::Lens;
pub use rights::{Named, Rights};
pub use rule::{Policy, Rule, Source};
pub use standing::{ADMINISTRATIVE, PROTECTED, Standpoint, is_protected, rules_of};
pub use written::faults_of_policy;
