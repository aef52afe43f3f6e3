//! The registry from the outside: bundles, stores and keys as users have them, and the real ssh-keygen.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests, outside of test functions"
)]

mod authority;
mod catalog;
mod differential;
mod files;
mod interop;
mod libraries;
mod packing;
mod refusals;
mod trust;
mod world;
