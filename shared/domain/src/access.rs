//! Who may do what with which resource, and by which rule (contract: access control; seed guide, "Access Policies").
//!
//! Pure: the rules that a membership is under are laid out in order ([`rules_of`]), and the first one that applies decides
//! ([`decide`]). Everything that can allow something is a rule, also what a role or the lack of a policy brings with it, so that every
//! decision can be explained by naming one.

mod criteria;
mod decide;
mod interaction;
mod rule;
mod standing;

pub use criteria::{Criteria, Parameters};
pub use decide::{Asked, Decision, Verdict, decide};
pub use interaction::Interaction;
pub use rule::{Policy, Rule, Source};
pub use standing::{Standpoint, rules_of};
