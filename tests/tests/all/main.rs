//! The one binary of the workspace's own tests.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a failure here is a failed test")]

mod adaptive;
mod authors;
mod cli;
mod compare;
mod documented;
mod error_ids;
mod evidence;
mod faults;
mod layers;
mod load;
mod open_loop;
mod refusals;
mod repository;
mod servers;
mod tidy;
mod workloads;
