//! What kind of failure a server error is: one class per row of a report's error table.

use tokio_postgres::{Error, error::SqlState};

/// The class of a failed statement. The list only grows; [`name`](Self::name) never changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ErrorClass {
    /// 40001: the transaction may succeed when repeated.
    Serialization,
    /// 40P01: the transaction may succeed when repeated.
    Deadlock,
    /// 55P03: `lock_timeout` or `NOWAIT`.
    LockTimeout,
    /// 57014: cancelled by request or by `statement_timeout`.
    QueryCanceled,
    /// 25P03, 25P04 and 57P05: the server ended a session or transaction that idled or ran too long.
    SessionTimeout,
    /// No answer, or class 08, or 57P01, 57P02: a commit in flight has an unknown outcome.
    ConnectionLost,
    /// 57P03: starting up, shutting down or recovering.
    ServerUnavailable,
    /// 53300.
    TooManyConnections,
    /// 53100, 53200, 53400 and the rest of class 53.
    OutOfResources,
    UniqueViolation,
    ForeignKeyViolation,
    NotNullViolation,
    CheckViolation,
    ExclusionViolation,
    /// The rest of class 23.
    ConstraintViolation,
    /// Class 22: a value that does not fit its type.
    InvalidValue,
    /// 42501.
    PermissionDenied,
    /// 42P01, 42703, 42883, 3F000, 42704: an object that is not there.
    UndefinedObject,
    /// 42P06, 42P07, 42701, 42710, 42723.
    DuplicateObject,
    /// The rest of class 42.
    SyntaxOrAccess,
    /// 25006: a write on a standby or in a read-only transaction.
    ReadOnly,
    /// 25P02: an earlier statement of the transaction failed.
    TransactionAborted,
    /// Class 28.
    AuthenticationFailed,
    /// Classes 58, XX and F0: the server's own fault.
    ServerFault,
    /// The driver could not encode a parameter, or was given the wrong number of them.
    ClientEncoding,
    Other,
}

impl ErrorClass {
    /// Classifies an error of the driver.
    #[must_use]
    pub fn of(error: &Error) -> Self {
        match error.code() {
            Some(code) => Self::of_sqlstate(code.code()),
            None if error.is_closed() || has_io_cause(error) => Self::ConnectionLost,
            None => Self::ClientEncoding,
        }
    }

    /// Classifies a five-character SQLSTATE.
    #[must_use]
    pub fn of_sqlstate(code: &str) -> Self {
        match code {
            "40001" => Self::Serialization,
            "40P01" => Self::Deadlock,
            "55P03" => Self::LockTimeout,
            "57014" => Self::QueryCanceled,
            "25P03" | "25P04" | "57P05" => Self::SessionTimeout,
            "57P01" | "57P02" | "57P04" => Self::ConnectionLost,
            "57P03" => Self::ServerUnavailable,
            "53300" => Self::TooManyConnections,
            "23505" => Self::UniqueViolation,
            "23503" => Self::ForeignKeyViolation,
            "23502" => Self::NotNullViolation,
            "23514" => Self::CheckViolation,
            "23P01" => Self::ExclusionViolation,
            "42501" => Self::PermissionDenied,
            "42P01" | "42703" | "42883" | "42704" | "3F000" => Self::UndefinedObject,
            "42P06" | "42P07" | "42701" | "42710" | "42723" => Self::DuplicateObject,
            "25006" => Self::ReadOnly,
            "25P02" => Self::TransactionAborted,
            _ => Self::of_class(code.get(..2).unwrap_or_default()),
        }
    }

    fn of_class(class: &str) -> Self {
        match class {
            "08" => Self::ConnectionLost,
            "22" => Self::InvalidValue,
            "23" => Self::ConstraintViolation,
            "28" => Self::AuthenticationFailed,
            "42" => Self::SyntaxOrAccess,
            "53" => Self::OutOfResources,
            "58" | "F0" | "XX" => Self::ServerFault,
            _ => Self::Other,
        }
    }

    /// The stable name in reports and records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Serialization => "serialization-failure",
            Self::Deadlock => "deadlock",
            Self::LockTimeout => "lock-timeout",
            Self::QueryCanceled => "query-canceled",
            Self::SessionTimeout => "session-timeout",
            Self::ConnectionLost => "connection-lost",
            Self::ServerUnavailable => "server-unavailable",
            Self::TooManyConnections => "too-many-connections",
            Self::OutOfResources => "out-of-resources",
            Self::UniqueViolation => "unique-violation",
            Self::ForeignKeyViolation => "foreign-key-violation",
            Self::NotNullViolation => "not-null-violation",
            Self::CheckViolation => "check-violation",
            Self::ExclusionViolation => "exclusion-violation",
            Self::ConstraintViolation => "constraint-violation",
            Self::InvalidValue => "invalid-value",
            Self::PermissionDenied => "permission-denied",
            Self::UndefinedObject => "undefined-object",
            Self::DuplicateObject => "duplicate-object",
            Self::SyntaxOrAccess => "syntax-or-access",
            Self::ReadOnly => "read-only",
            Self::TransactionAborted => "transaction-aborted",
            Self::AuthenticationFailed => "authentication-failed",
            Self::ServerFault => "server-fault",
            Self::ClientEncoding => "client-encoding",
            Self::Other => "other",
        }
    }

    /// Whether repeating the whole transaction on the same connection may succeed and cannot apply
    /// it twice. PostgreSQL names only these two (documentation, 13.5).
    #[must_use]
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::Serialization | Self::Deadlock)
    }

    /// Whether the connection is of no further use.
    #[must_use]
    pub fn ends_connection(self) -> bool {
        matches!(
            self,
            Self::ConnectionLost
                | Self::ServerUnavailable
                | Self::TooManyConnections
                | Self::AuthenticationFailed
        )
    }
}

/// The five characters, for the plugin interface; `None` when the server sent none.
#[must_use]
pub fn sqlstate_bytes(error: &Error) -> Option<[u8; 5]> {
    error.code().map(SqlState::code).and_then(|code| code.as_bytes().try_into().ok())
}

fn has_io_cause(error: &Error) -> bool {
    let cause = std::error::Error::source(error);
    cause.and_then(|cause| cause.downcast_ref::<std::io::Error>()).is_some()
}

#[cfg(test)]
mod tests {
    use super::ErrorClass;

    #[test]
    fn classes_of_codes() {
        let cases = [
            ("40001", "serialization-failure", true),
            ("40P01", "deadlock", true),
            ("40003", "other", false),
            ("55P03", "lock-timeout", false),
            ("57014", "query-canceled", false),
            ("25P03", "session-timeout", false),
            ("57P01", "connection-lost", false),
            ("08006", "connection-lost", false),
            ("57P03", "server-unavailable", false),
            ("53300", "too-many-connections", false),
            ("53200", "out-of-resources", false),
            ("23505", "unique-violation", false),
            ("23503", "foreign-key-violation", false),
            ("23001", "constraint-violation", false),
            ("22012", "invalid-value", false),
            ("42P01", "undefined-object", false),
            ("42601", "syntax-or-access", false),
            ("25006", "read-only", false),
            ("25P02", "transaction-aborted", false),
            ("28P01", "authentication-failed", false),
            ("XX001", "server-fault", false),
            ("P0001", "other", false),
            ("", "other", false),
        ];
        for (code, name, retryable) in cases {
            let class = ErrorClass::of_sqlstate(code);
            assert_eq!((class.name(), class.is_retryable()), (name, retryable), "{code}");
        }
    }
}
