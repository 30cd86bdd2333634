//! Boots the product for the tests: hosts, fault proxy, people and projects.

mod background;
pub mod build;
pub mod host;
pub mod proxy;
