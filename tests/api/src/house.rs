//! How the house is built: which crate knows which, where keys are written, how long a file may be.

mod arrows;
mod files;
