//! The PostgreSQL under test: bundle, embedded server, connections, preflight, evidence.

pub mod error;
pub mod sqlstate;

pub mod connect;
pub mod endpoint;
pub mod evidence;
pub mod session;
pub mod stream;
pub mod tls;

pub mod preflight;
pub mod snapshot;

pub mod account;
pub mod binaries;
pub mod bundle;
pub mod embedded;
pub mod place;

pub use error::TargetError;
