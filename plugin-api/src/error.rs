//! The error type that authors see.

use std::fmt;

use abi_stable::std_types::RBox;

use crate::abi::error::{AbiError, ErrorBody, ErrorKind};

/// Result of everything that can fail in a plugin.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, and whose fault it is.
pub struct Error(AbiError);

impl Error {
    /// The workload found something that it cannot work with, such as a missing row.
    pub fn workload(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Workload, message.into(), String::new())
    }

    /// The value at `key` of `workload_config` is wrong.
    pub fn config(key: &str, message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Config, message.into(), key.to_owned())
    }

    /// A call came at a time or with arguments that the interface does not allow.
    pub fn protocol(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Protocol, message.into(), String::new())
    }

    /// An error with all its parts.
    #[must_use]
    pub fn new(kind: ErrorKind, message: String, place: String) -> Self {
        let body =
            ErrorBody { kind, sqlstate: [0; 5], message: message.into(), place: place.into() };
        Self(RBox::new(body))
    }

    /// Whose fault it is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The server's SQLSTATE, where the server sent the error.
    #[must_use]
    pub fn sqlstate(&self) -> Option<&str> {
        std::str::from_utf8(&self.0.sqlstate).ok().filter(|code| !code.starts_with('\0'))
    }

    /// What went wrong, in one sentence.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where: a source location, a constraint, a configuration key. May be empty.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.0.place
    }

    /// The same error as it crosses the border.
    #[must_use]
    pub fn into_abi(self) -> AbiError {
        self.0
    }
}

impl From<AbiError> for Error {
    fn from(error: AbiError) -> Self {
        Self(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())?;
        if let Some(code) = self.sqlstate() {
            write!(f, " (SQLSTATE {code})")?;
        }
        if !self.place().is_empty() {
            write!(f, " at {}", self.place())?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl std::error::Error for Error {}
