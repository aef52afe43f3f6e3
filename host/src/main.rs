//! The `stormdb` command.
fn main() {}
