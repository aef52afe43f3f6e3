//! Drives the built binary against a real PostgreSQL: what scenario tests share.

#![expect(clippy::panic, reason = "a test fails by panicking")]

pub mod author;
pub mod hostile;
pub mod lab;
pub mod live;
pub mod ping;
pub mod server;
pub mod stored;
pub mod stranger;
pub mod tcp;
pub mod untouched;
