//! The target of a run: reached, or started for it, and asked what it allows.

use std::{cell::RefCell, net::ToSocketAddrs as _, path::Path, sync::Arc, time::Duration};

use stormdb_process::broker::dial::{Address as BrokerAddress, Target as BrokerTarget};
use stormdb_run::{
    config::run_config::{ServerConfig, SslMode, TargetConfig},
    exit::Exit,
    plan::ServerLimits,
    secret::Secret,
};
use stormdb_target::{
    binaries::{Binaries, Origin},
    connect::{ConnectOptions, Connection, connect},
    embedded::{Cluster, RunningCluster, settings::ClusterSettings},
    endpoint::{Address, Endpoint, Tls, TlsMode},
    evidence::monitor::{Monitor, Wants},
    place::PgHome,
    preflight::{Preflight, Requirements, preflight},
    tls::{roots_from_pem, system_roots},
};

use crate::{failure::CommandError, output::warn, places};

/// How long the target may take to open a connection, TLS and authentication included.
pub(crate) const CONNECT_LIMIT: Duration = Duration::from_secs(10);
const PREFLIGHT_LIMIT: Duration = Duration::from_secs(15);
pub(crate) const GOODBYE_LIMIT: Duration = Duration::from_secs(2);
/// Connections of the embedded server beyond those that the bands need: monitor, set-up, psql.
const EMBEDDED_SPARE: u32 = 20;
/// The extension that counts statements.
const STATEMENTS: &str = "pg_stat_statements";

/// A target that answers.
pub(crate) struct ReadyTarget {
    pub(crate) endpoint: Endpoint,
    pub(crate) password: Option<Secret>,
    pub(crate) broker: Arc<BrokerTarget>,
    pub(crate) preflight: Preflight,
    /// Such as `PostgreSQL 18.4 (embedded)`.
    pub(crate) title: String,
    /// Absent once it is lent.
    monitor: RefCell<Option<Connection>>,
    cluster: Option<RunningCluster>,
}

/// Folder of everything that belongs to the embedded server.
pub(crate) fn pg_home() -> Result<PgHome, CommandError> {
    let folder = |name| places::variable(name).map(std::path::PathBuf::from);
    let (data, home) = (folder("XDG_DATA_HOME"), folder("HOME"));
    Ok(PgHome::standard(data.as_deref(), home.as_deref())?)
}

/// The private cluster of the programs that `pg_bin` names, of the bundle, or of the system.
pub(crate) fn cluster(pg_bin: Option<&Path>) -> Result<Cluster, CommandError> {
    let home = pg_home()?;
    let binaries = Binaries::find(pg_bin, &home)?;
    Ok(Cluster::new(&home, binaries)?)
}

impl ReadyTarget {
    /// Connects to the server of the configuration, or starts the embedded one with room for
    /// `connections`.
    pub(crate) async fn reach(
        config: &TargetConfig,
        pg_bin: Option<&Path>,
        connections: u32,
    ) -> Result<Self, CommandError> {
        match config {
            TargetConfig::Embedded => {
                let cluster = cluster(pg_bin)?;
                let origin = cluster.binaries().origin;
                let max_connections = embedded_connections(connections);
                let settings = ClusterSettings { max_connections, ..ClusterSettings::default() };
                let running = cluster.lease(&settings)?;
                let endpoint = running.endpoint().clone();
                let title = match origin {
                    Origin::Bundle => "embedded",
                    Origin::Given | Origin::System => "embedded, not the bundle",
                };
                Self::connect(endpoint, None, title, Some(running)).await
            }
            TargetConfig::Server(server) => {
                let found = server.read_password()?;
                found.warnings.iter().for_each(warn);
                let title = server.host.clone();
                Self::connect(endpoint(server)?, found.password, &title, None).await
            }
        }
    }

    async fn connect(
        endpoint: Endpoint,
        password: Option<Secret>,
        title: &str,
        cluster: Option<RunningCluster>,
    ) -> Result<Self, CommandError> {
        let monitor = connect(&endpoint, &monitor_options(password.clone())).await?;
        let preflight = preflight(monitor.client(), &[], PREFLIGHT_LIMIT).await?;
        let broker = Arc::new(BrokerTarget::new(addresses(&endpoint.address)?, CONNECT_LIMIT));
        // Debian appends its package's version in parentheses.
        let version = preflight.server.version.split(' ').next().unwrap_or_default();
        let title = format!("PostgreSQL {version} ({title})");
        let monitor = RefCell::new(Some(monitor));
        Ok(Self { endpoint, password, broker, preflight, title, monitor, cluster })
    }

    /// What the plan compares its bands with; the monitor connection is counted as in use.
    pub(crate) fn limits(&self) -> ServerLimits {
        let limits = self.preflight.limits;
        ServerLimits {
            max_connections: limits.max_connections,
            reserved: limits.reserved,
            // A connection limit of role or database takes away as much as others would.
            in_use: limits
                .max_connections
                .saturating_sub(limits.reserved)
                .saturating_sub(limits.available()),
        }
    }

    /// What a plugin could do to a server that is someone's own, if it may do anything there.
    pub(crate) fn powers(&self) -> Option<String> {
        let role = &self.preflight.role;
        (self.cluster.is_none() && role.is_superuser).then(|| {
            format!(
                "role `{}` is a superuser: the SQL of a plugin can drop databases and run programs on the server; give the run a role with no more rights than its workload needs",
                role.name
            )
        })
    }

    /// Refuses a server that the run would fail on.
    pub(crate) async fn check(&self, needs: &Requirements) -> Result<(), CommandError> {
        let Some(monitor) = self.monitor.take() else { return Ok(()) };
        let asked = preflight(monitor.client(), &needs.extensions, PREFLIGHT_LIMIT).await;
        self.monitor.replace(Some(monitor));
        let found = asked?;
        match found.check(needs).into_iter().next() {
            Some(reason) => Err(reason.into()),
            None => Ok(()),
        }
    }

    /// Hands the monitor connection over to what watches the server during the bands. On a server of our own it sees
    /// the statements as well.
    pub(crate) async fn lend_monitor(&self, wants: Wants) -> Monitor {
        let options = monitor_options(self.password.clone());
        let connection = self.monitor.take();
        if let (Some(cluster), Some(connection)) = (&self.cluster, &connection)
            && wants.statements
            && cluster.cluster().binaries().has_library(STATEMENTS)
        {
            let sql = format!("CREATE EXTENSION IF NOT EXISTS {STATEMENTS}");
            if let Err(error) = connection.client().batch_execute(&sql).await {
                tracing::debug!(%error, "the embedded server does not show its statements");
            }
        }
        Monitor::new(self.endpoint.clone(), options, wants, connection)
    }

    /// Leaves the server as it was found, or running when it is to be kept.
    pub(crate) async fn leave(self, keep: bool) -> Result<(), CommandError> {
        if let Some(monitor) = self.monitor.take() {
            monitor.close(GOODBYE_LIMIT).await;
        }
        if let Some(mut cluster) = self.cluster {
            if keep {
                cluster.keep()?;
            }
            cluster.finish()?;
        }
        Ok(())
    }
}

fn monitor_options(password: Option<Secret>) -> ConnectOptions {
    let application_name = "stormdb monitor".to_owned();
    ConnectOptions { password, application_name, limit: CONNECT_LIMIT }
}

/// What the embedded server allows when it is started with room for `connections`.
pub(crate) fn embedded_limits(connections: u32) -> ServerLimits {
    // Its superuser may have what PostgreSQL keeps for superusers; the monitor connection is in use.
    ServerLimits { max_connections: embedded_connections(connections), reserved: 0, in_use: 1 }
}

fn embedded_connections(needed: u32) -> u32 {
    ClusterSettings::default().max_connections.max(needed.saturating_add(EMBEDDED_SPARE))
}

fn endpoint(server: &ServerConfig) -> Result<Endpoint, CommandError> {
    let mode = match server.sslmode {
        SslMode::Disable => TlsMode::Disable,
        // Without TLS first and with it second differs from the reverse only where the server
        // allows both; the safer order serves both.
        SslMode::Allow | SslMode::Prefer => TlsMode::Prefer,
        SslMode::Require => TlsMode::Require,
        SslMode::VerifyCa => TlsMode::VerifyCa,
        SslMode::VerifyFull => TlsMode::VerifyFull,
    };
    let roots = match (&server.sslrootcert, mode) {
        (Some(path), _) => {
            let pem = std::fs::read(path).map_err(|source| {
                let path = path.display();
                let message = format!("cannot read the root certificates {path}: {source}; correct `database.sslrootcert`");
                CommandError::new(Exit::Usage, "root-certificates-unreadable", message)
            })?;
            Some(roots_from_pem(&pem)?)
        }
        // The load process cannot read files, so that the system's roots travel with the endpoint.
        (None, TlsMode::VerifyCa | TlsMode::VerifyFull) => Some(system_roots()?),
        (None, _) => None,
    };
    Ok(Endpoint {
        address: Address::new(&server.host, server.port),
        database: server.dbname.clone(),
        user: server.username.clone(),
        tls: Tls { mode, roots },
    })
}

fn addresses(address: &Address) -> Result<Vec<BrokerAddress>, CommandError> {
    match address {
        Address::Unix { .. } => {
            Ok(address.socket_path().map(BrokerAddress::Unix).into_iter().collect())
        }
        Address::Tcp { host, port } => {
            let resolved = (host.as_str(), *port).to_socket_addrs().map_err(|source| {
                let message = format!("cannot resolve {address}: {source}; correct the host name");
                CommandError::new(Exit::Target, "target-unreachable", message)
            })?;
            Ok(resolved.map(BrokerAddress::Tcp).collect())
        }
    }
}
