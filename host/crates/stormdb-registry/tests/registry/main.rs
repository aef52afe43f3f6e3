//! The registry from the outside: bundles, stores and keys as users have them, and the real ssh-keygen.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails where its surroundings fail")]

mod catalog;
mod files;
mod interop;
mod libraries;
mod refusals;
mod trust;
mod world;
