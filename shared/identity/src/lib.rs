//! Tokens, passwords, keys and sealed values.
//!
//! Everything secret that Roster makes, keeps or checks is made, kept or checked here, with the primitives of AWS-LC:
//!
//! * a [`MasterKey`] comes from outside the table (a key service or a file) and opens the [`SystemKeys`], the one document of
//!   key material that the table holds. What a function keeps in memory is the opened [`KeyRing`];
//! * the ring blinds what must not appear in keys of the table, seals what must not be readable in its rows, makes cursors
//!   opaque, and issues and verifies tokens ([`Claims`], [`Use`], [`Refused`]);
//! * [`password`] and [`secret`] need no key: they are one-way.
//!
//! Nothing here knows the table, HTTP or AWS. Time and chance are arguments, with one exception: AWS-LC draws signing keys and
//! the random part of every signature from its own generator.

pub mod assertion;
mod breach;
mod cipher;
mod claims;
mod error;
mod master;
pub mod password;
pub mod pkce;
mod ring;
pub mod secret;
mod signing;
mod system;
mod text;
mod token;
pub mod totp;

pub use cipher::Sealed;
pub use claims::{Claims, Use};
pub use error::KeyError;
pub use master::MasterKey;
pub use ring::{DataKey, KeyRing};
pub use system::SystemKeys;
pub use token::Refused;

#[cfg(test)]
mod sample;
