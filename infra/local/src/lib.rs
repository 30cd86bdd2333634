//! The local cloud: what AWS gives the functions in production, on one machine and behind the same sockets.
//!
//! [`table`] is DynamoDB, [`mailbox`] is SES, [`pump`] carries the table's stream to
//! the functions that follow it, [`watch`] runs the functions behind
//! `cargo lambda watch` and [`gate`], the door before it, [`environment()`] is what they find in their environment, [`cloud`] is all of it together, and [`mod@tour`] shows a newcomer what it does. The functions
//! do not know that they are local: every stand-in speaks the wire format of the service it stands for, and its address
//! reaches the SDK through the SDK's own variables. Nothing here listens anywhere but on the listener it is given.

mod advice;
pub mod cloud;
mod connections;
mod environment;
pub mod gate;
pub mod mailbox;
pub mod pump;
pub mod table;
pub mod tools;
pub mod tour;
pub mod watch;

pub use advice::Advice;
pub use environment::{Endpoints, TABLE_NAME, environment};
