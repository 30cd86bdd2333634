//! The run command of the local cloud.

fn main() {}
