//! Boots the product for the tests: hosts, fault proxy, people and projects.
//!
//! [`world::World`] is what a test asks for. Below it, [`host`] runs the functions' own binaries as Lambda does, and
//! [`proxy`] stands before the table, counts what every request costs and lets planned faults happen. Stand-ins sit at
//! the socket: nothing here reaches into the product, and nothing in the product knows of it.

mod background;
pub mod build;
pub mod host;
pub mod proxy;
pub mod second_engine;
pub mod world;
