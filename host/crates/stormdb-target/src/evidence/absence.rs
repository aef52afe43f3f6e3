//! Why a source of evidence gives nothing.

use std::{io, path::PathBuf, time::Duration};

use thiserror::Error;

use crate::TargetError;

/// A reason, as the reader of a report gets it.
#[derive(Debug, Error)]
pub enum Absence {
    #[error("this server has no {0}")]
    Unsupported(&'static str),
    #[error("{setting} is off on the server")]
    SettingOff { setting: &'static str },
    #[error("{0} is turned off in the configuration")]
    TurnedOff(&'static str),
    #[error(
        "the extension pg_stat_statements is not in the database; name it in shared_preload_libraries, restart the \
         server, and run CREATE EXTENSION pg_stat_statements"
    )]
    NoStatementsExtension,
    #[error(
        "pg_stat_statements counts nothing; name it in shared_preload_libraries, and let pg_stat_statements.track be top"
    )]
    StatementsOff,
    #[error(
        "the extension pg_stat_statements is too old here; run ALTER EXTENSION pg_stat_statements UPDATE"
    )]
    OldStatementsExtension,
    #[error("the role may not see it; run GRANT pg_read_all_stats TO the role of the run")]
    Hidden,
    #[error("the server did not answer within {0:?}")]
    Timeout(Duration),
    #[error("the monitor connection is lost: {0}")]
    Connection(#[from] TargetError),
    #[error("the monitor connection was cut while it was in use")]
    Cut,
    #[error("the server refused the question: {0}")]
    Query(String),
    #[error("the counters were reset while the band ran")]
    Reset,
    #[error(
        "`{0}` went backwards while the band ran; the counters were reset or the server crashed"
    )]
    Backwards(&'static str),
    #[error("the server restarted while the band ran")]
    Restarted,
    #[error("the server runs on another machine")]
    Remote,
    #[error(
        "process {pid} of the server is not to be found in /proc; it runs in another container or machine"
    )]
    OtherNamespace { pid: i32 },
    #[error("cannot read {}: {source}", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{} does not say it", path.display())]
    Unsaid { path: PathBuf },
    #[error("nothing was read before the load ended")]
    TooShort,
    #[error("no look at the server was answered: {0}")]
    NoLook(String),
    /// A reason that was found earlier and still holds.
    #[error("{0}")]
    Known(String),
}

impl From<tokio_postgres::Error> for Absence {
    fn from(error: tokio_postgres::Error) -> Self {
        let text = match error.as_db_error() {
            Some(server) => server.message().to_owned(),
            None => error.to_string(),
        };
        Self::Query(text)
    }
}
