//! A private server for one test.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    rc::Rc,
    time::Duration,
};

use stormdb_run::secret::Secret;
use stormdb_target::{
    binaries::Binaries,
    connect::{
        ConnectOptions, Connection, ReferenceConnection, WireConnection, connect,
        connect_reference, connect_wire,
    },
    embedded::{
        Cluster, RunningCluster,
        settings::{ClusterSettings, TcpAccess},
    },
    endpoint::{Address, Endpoint, Tls},
    place::PgHome,
    stream::dial,
};
use stormdb_wire::Reactor;
use tempfile::TempDir;
use tokio::time::Instant;

pub(crate) const LIMIT: Duration = Duration::from_secs(20);
pub(crate) const PASSWORD: &str = "it's a secret";

pub(crate) struct Lab {
    /// Stopped before its directory goes.
    pub(crate) running: RunningCluster,
    directory: TempDir,
}

/// The programs to test with; `None`, and the reason on standard error, when there are none.
pub(crate) fn binaries() -> Option<Binaries> {
    let given = std::env::var_os("STORMDB_PG_BIN").map(PathBuf::from);
    let home = PgHome::standard(
        std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).as_deref(),
        std::env::var_os("HOME").map(PathBuf::from).as_deref(),
    );
    match Binaries::find(given.as_deref(), &home.unwrap()) {
        Ok(binaries) => Some(binaries),
        Err(error) if given.is_none() => {
            eprintln!("skipped: {error}");
            None
        }
        Err(error) => panic!("STORMDB_PG_BIN: {error}"),
    }
}

/// A directory that the server's user can enter.
pub(crate) fn directory() -> TempDir {
    let directory = TempDir::new().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    directory
}

pub(crate) fn cluster_in(directory: &Path, binaries: &Binaries) -> Cluster {
    Cluster::new(&PgHome::at(directory), binaries.clone()).unwrap()
}

impl Lab {
    pub(crate) fn start(settings: &ClusterSettings) -> Option<Self> {
        let binaries = binaries()?;
        let directory = directory();
        let running = cluster_in(directory.path(), &binaries).lease(settings).unwrap();
        Some(Self { running, directory })
    }

    /// A server that also listens on 127.0.0.1, and the endpoint there.
    pub(crate) fn start_on_tcp() -> Option<(Self, Endpoint)> {
        let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let tcp = Some(TcpAccess { port: free, password: Secret::new(PASSWORD.to_owned()) });
        let lab = Self::start(&ClusterSettings { tcp, ..ClusterSettings::default() })?;
        let address = Address::new("127.0.0.1", free);
        let endpoint = Endpoint { address, tls: Tls::default(), ..lab.endpoint().clone() };
        Some((lab, endpoint))
    }

    /// Stops the server and hands its files over.
    pub(crate) fn stop(self) -> TempDir {
        self.running.finish().unwrap();
        self.directory
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        self.running.endpoint()
    }

    /// A connection as the superuser, over the socket.
    pub(crate) async fn connect(&self) -> Connection {
        connect(self.endpoint(), &options()).await.unwrap()
    }

    /// The same as a lean connection.
    pub(crate) async fn wire(&self, reactor: Option<&Rc<Reactor>>) -> WireConnection {
        let (endpoint, options) = (self.endpoint(), options());
        let socket = dial(&endpoint.address, Instant::now() + options.limit).await.unwrap();
        connect_wire(socket, endpoint, &options, reactor).await.unwrap()
    }

    /// The same for a session of the reference.
    pub(crate) async fn reference(&self, reactor: Option<&Rc<Reactor>>) -> ReferenceConnection {
        let (endpoint, options) = (self.endpoint(), options());
        let socket = dial(&endpoint.address, Instant::now() + options.limit).await.unwrap();
        connect_reference(socket, endpoint, &options, reactor).await.unwrap()
    }

    /// The one number that `sql` answers.
    pub(crate) async fn number(&self, sql: &str) -> i64 {
        self.connect().await.client().query_one(sql, &[]).await.unwrap().get(0)
    }
}

pub(crate) fn options() -> ConnectOptions {
    ConnectOptions { password: None, application_name: "stormdb test".to_owned(), limit: LIMIT }
}

pub(crate) fn with_password(password: &str) -> ConnectOptions {
    ConnectOptions { password: Some(Secret::new(password.to_owned())), ..options() }
}
