//! Why a request failed, and how the plugin is told.

use std::{error::Error, io};

use abi_stable::std_types::{RBox, RString};
use stormdb_plugin_api::abi::error::{AbiError, ErrorBody, ErrorKind};
use stormdb_wire::{Fields, WireError};
use tokio_postgres::{Error as PgError, error::Severity};

use super::param::Refused;
use crate::sqlstate::ErrorClass;

/// Why a request failed.
pub(super) enum Failure {
    Postgres(PgError),
    Wire(WireError),
    /// A parameter that its placeholder cannot take; nothing reached the server.
    Refused(Refused),
    /// A request that cannot be written down; nothing reached the server.
    Unencodable(Box<dyn Error + Send + Sync>),
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

impl From<WireError> for Failure {
    fn from(error: WireError) -> Self {
        Self::Wire(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Unencodable(error.into())
    }
}

impl Failure {
    pub(super) fn into_abi(self) -> AbiError {
        match self {
            Self::Postgres(error) => RBox::new(describe(&error)),
            Self::Wire(error) => RBox::new(describe_wire(&error)),
            Self::Refused(refused) => RBox::new(body(ErrorKind::Protocol, refused.to_string())),
            Self::Unencodable(error) => RBox::new(body(ErrorKind::Protocol, error.to_string())),
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

fn describe_wire(error: &WireError) -> ErrorBody {
    match error {
        WireError::Server(fields) => {
            let Fields { sqlstate, message, detail, constraint, .. } = &**fields;
            let place = if constraint.is_empty() { detail } else { constraint };
            server_error(fields.is_fatal(), sqlstate, message, place)
        }
        WireError::Copies => body(ErrorKind::Protocol, error.to_string()),
        WireError::Lost(_) | WireError::Protocol(_) => {
            body(ErrorKind::ConnectionLost, with_source(error))
        }
    }
}

/// After a fatal error the server ends the session, whatever the reason.
fn server_error(is_fatal: bool, code: &str, message: &str, place: &str) -> ErrorBody {
    let lost = is_fatal || ErrorClass::of_sqlstate(code) == ErrorClass::ConnectionLost;
    let kind = if lost { ErrorKind::ConnectionLost } else { ErrorKind::Database };
    let sqlstate = code.as_bytes().try_into().unwrap_or([0; 5]);
    ErrorBody { kind, sqlstate, message: message.into(), place: place.into() }
}

fn with_source(error: &dyn Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

fn describe(error: &PgError) -> ErrorBody {
    if let Some(server) = error.as_db_error() {
        let is_fatal = matches!(server.parsed_severity(), Some(Severity::Fatal | Severity::Panic));
        let constraint = server.constraint().filter(|name| !name.is_empty());
        let place = constraint.or(server.detail()).unwrap_or_default();
        return server_error(is_fatal, server.code().code(), server.message(), place);
    }
    // A parameter that does not fit its placeholder never reached the server.
    let refused = Error::source(error).is_some_and(<dyn Error>::is::<Refused>);
    let kind = if refused { ErrorKind::Protocol } else { ErrorKind::ConnectionLost };
    body(kind, with_source(error))
}
