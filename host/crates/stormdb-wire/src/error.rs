//! Why an exchange failed.

use std::io;

/// Why an exchange failed.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The server refused something.
    #[error("{}: {}", .0.severity, .0.message)]
    Server(Box<Fields>),
    /// The connection is gone.
    #[error("the connection to the server was lost")]
    Lost(#[source] io::Error),
    /// The server sent what the protocol does not allow; nothing after it can be understood.
    #[error("the server sent {0}")]
    Protocol(&'static str),
    /// The statement copies, which needs an exchange of its own.
    #[error("a statement that copies was executed as an ordinary one")]
    Copies,
}

/// The fields of an error that the server reported; empty where it sent none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fields {
    /// `ERROR`, `FATAL` or `PANIC`, never translated.
    pub severity: String,
    /// Five characters.
    pub sqlstate: String,
    pub message: String,
    pub detail: String,
    pub hint: String,
    pub constraint: String,
}

impl Fields {
    /// Whether the server ends the session after it.
    #[must_use]
    pub fn is_fatal(&self) -> bool {
        matches!(self.severity.as_str(), "FATAL" | "PANIC")
    }
}

impl WireError {
    /// Whether the connection can go on.
    #[must_use]
    pub fn ends_connection(&self) -> bool {
        match self {
            Self::Server(fields) => fields.is_fatal(),
            Self::Lost(_) | Self::Protocol(_) => true,
            Self::Copies => false,
        }
    }
}
