//! The PostgreSQL under test: embedded server, connections, preflight.

pub mod session;
