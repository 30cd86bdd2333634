//! DynamoDB, played by an engine inside this process.
//!
//! The table's shape has one source, the deployment template: [`Definition`] reads it there and makes the same table in
//! the engine. [`Engine`] serves the DynamoDB API on a listener.

mod definition;
mod engine;
mod order;

pub use definition::Definition;
pub use engine::{Engine, Storage};
