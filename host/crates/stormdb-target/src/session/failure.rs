//! Why a request failed, and how the plugin is told.

use abi_stable::std_types::{RBox, RString};
use stormdb_plugin_api::abi::error::{AbiError, ErrorBody, ErrorKind};
use tokio_postgres::{Error as PgError, error::Severity};

use super::param;
use crate::sqlstate::ErrorClass;

/// Why a request failed.
pub(super) enum Failure {
    Postgres(PgError),
    ParameterCount {
        given: usize,
        expected: usize,
    },
    Protocol(&'static str),
    /// A commit was asked for after a statement of the transaction had failed.
    RolledBack,
}

impl From<PgError> for Failure {
    fn from(error: PgError) -> Self {
        Self::Postgres(error)
    }
}

impl Failure {
    pub(super) fn into_abi(self) -> AbiError {
        match self {
            Self::Postgres(error) => RBox::new(describe(&error)),
            Self::ParameterCount { given, expected } => RBox::new(body(
                ErrorKind::Protocol,
                format!("{given} parameters were given, the statement has {expected}"),
            )),
            Self::RolledBack => RBox::new(ErrorBody {
                kind: ErrorKind::Database,
                sqlstate: *b"25P02",
                message: "a statement of the transaction had failed; it was rolled back".into(),
                place: RString::new(),
            }),
            Self::Protocol(message) => RBox::new(body(ErrorKind::Protocol, message.to_owned())),
        }
    }
}

fn body(kind: ErrorKind, message: String) -> ErrorBody {
    ErrorBody { kind, sqlstate: [0; 5], message: message.into(), place: RString::new() }
}

fn describe(error: &PgError) -> ErrorBody {
    if let Some(server) = error.as_db_error() {
        let mut sqlstate = [0; 5];
        if let Ok(code) = <[u8; 5]>::try_from(server.code().code().as_bytes()) {
            sqlstate = code;
        }
        // After a fatal error the server ends the session, whatever the reason.
        let is_fatal = matches!(server.parsed_severity(), Some(Severity::Fatal | Severity::Panic));
        let kind = if is_fatal || ErrorClass::of(error) == ErrorClass::ConnectionLost {
            ErrorKind::ConnectionLost
        } else {
            ErrorKind::Database
        };
        let place = server.constraint().or(server.detail()).unwrap_or_default();
        return ErrorBody { kind, sqlstate, message: server.message().into(), place: place.into() };
    }
    // A parameter that does not fit its placeholder never reached the server.
    let refused =
        std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<param::Refused>);
    let kind = if refused { ErrorKind::Protocol } else { ErrorKind::ConnectionLost };
    let message = match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    body(kind, message)
}
