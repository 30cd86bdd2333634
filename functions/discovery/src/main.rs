//! The front of the house.
fn main() {}
