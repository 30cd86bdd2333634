//! FHIR search: the grammar of a query, the parameters of a type, and matching in memory.
//!
//! A [`Query`] is parsed whole before anything is looked up, and refuses what it does not understand; a filter that was quietly dropped
//! would show more than was asked for.

mod chain;
mod columns;
mod date;
mod defined;
mod expression;
mod filter;
mod include;
mod matching;
mod param;
mod query;
mod result;
mod subject;
mod subset;
mod tables;
mod value;

pub use chain::Chain;
pub use filter::{Filter, Modifier};
pub use include::Include;
pub use param::{ParamKind, SearchParam, own_params, search_codes, search_param};
pub use query::Query;
pub use result::{Next, Sort};
pub use subject::subject_param;
pub use subset::subset;
