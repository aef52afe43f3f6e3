//! Drives the built binary against a real PostgreSQL: what scenario tests share.

pub mod lab;
pub mod server;
