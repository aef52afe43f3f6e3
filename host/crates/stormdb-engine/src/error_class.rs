//! The class under which a failed operation is counted.

use stormdb_plugin_api::{Error, ErrorKind};

/// Counted when the engine gave the operation up.
pub(crate) const DEADLINE_EXCEEDED: &str = "deadline-exceeded";

/// The class of an error of an operation; `classify` knows the SQLSTATEs.
pub(crate) fn class_of(error: &Error, classify: fn(&str) -> &'static str) -> &'static str {
    match error.kind() {
        ErrorKind::Database => error.sqlstate().map_or("other", classify),
        // The server may say why it ended the session.
        ErrorKind::ConnectionLost => error.sqlstate().map_or("connection-lost", classify),
        ErrorKind::Cancelled => "cancelled",
        ErrorKind::Config => "workload-config",
        ErrorKind::Workload => "workload",
        ErrorKind::Panic => "plugin-panicked",
        ErrorKind::Protocol => "plugin-protocol",
    }
}

/// Whether repeating the whole operation may succeed and cannot apply it twice: PostgreSQL names
/// serialization failures and deadlocks only (documentation, 13.5).
pub(crate) fn is_retryable(error: &Error) -> bool {
    error.kind() == ErrorKind::Database && matches!(error.sqlstate(), Some("40001" | "40P01"))
}
