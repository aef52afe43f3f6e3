//! Tasks for newcomers and CI.
fn main() {}
