//! The one binary of the workspace's own tests.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failure here is a failed test")]

mod documented;
mod faults;
mod layers;
mod repository;
mod tidy;
mod workloads;
