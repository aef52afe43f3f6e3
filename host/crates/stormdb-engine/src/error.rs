//! Every way in which the engine fails, each with a stable id.

use std::io;

use stormdb_plugin_api::{Error, ErrorKind};
use stormdb_run::event::Failure;
use thiserror::Error;

use crate::connection::ConnectFailure;

/// Why a band, or a step before or after the bands, has no result.
#[derive(Debug, Error)]
pub enum EngineError {
    #[error("the band cannot run: {reason}")]
    InvalidSpec { reason: String },
    #[error("{}", failure.message)]
    Connect { failure: ConnectFailure },
    /// An operation that fails is a figure of the band; this is a plugin that cannot go on.
    #[error("the plugin failed in `{callback}`{place}: {source}")]
    Plugin {
        callback: &'static str,
        /// Which stage and part, or which worker; begins with a space, or empty.
        place: String,
        source: Error,
    },
    #[error(
        "executor {executor} cannot start: {source}; check the limit on threads and open files"
    )]
    Executor { executor: u32, source: io::Error },
    #[error("stopped on request")]
    Stopped,
}

impl EngineError {
    /// The stable name of the failure, for scripts and records.
    #[must_use]
    pub fn id(&self) -> String {
        match self {
            Self::InvalidSpec { .. } => "band-invalid".to_owned(),
            Self::Connect { failure } => failure.id.clone(),
            Self::Plugin { callback, source, .. } if source.kind() == ErrorKind::Panic => {
                format!("plugin-panicked:{callback}")
            }
            Self::Plugin { callback, .. } => format!("plugin-failed:{callback}"),
            Self::Executor { .. } => "executor-failed".to_owned(),
            Self::Stopped => "stopped".to_owned(),
        }
    }

    /// Whether this is the refusal of an instance that panicked in another call: only the panic
    /// itself knows its place in the source.
    pub(crate) fn is_aftermath(&self) -> bool {
        matches!(self, Self::Plugin { source, .. }
            if source.kind() == ErrorKind::Panic && source.place().is_empty())
    }
}

impl From<ConnectFailure> for EngineError {
    fn from(failure: ConnectFailure) -> Self {
        Self::Connect { failure }
    }
}

impl From<&EngineError> for Failure {
    fn from(error: &EngineError) -> Self {
        Self { id: error.id(), message: error.to_string() }
    }
}
