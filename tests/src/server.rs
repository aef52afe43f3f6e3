//! A real PostgreSQL for one test: private, on a Unix socket, gone with the test.

use std::{
    os::unix::process::CommandExt as _,
    path::PathBuf,
    process::{Command, Stdio},
};

use stormdb_target::{
    binaries::Binaries,
    embedded::{Cluster, RunningCluster, settings::ClusterSettings},
    endpoint::{Address, Endpoint},
    place::PgHome,
};

use crate::lab::Lab;

/// A running server. As root it runs as another user, as the product's own embedded server does.
#[derive(Debug)]
pub struct Server {
    running: RunningCluster,
}

/// The programs that `STORMDB_PG_BIN` names, the installed bundle, or the system's.
pub fn programs() -> Binaries {
    let folder = |variable| std::env::var_os(variable).map(PathBuf::from);
    let (data, home) = (folder("XDG_DATA_HOME"), folder("HOME"));
    let installed = PgHome::standard(data.as_deref(), home.as_deref()).expect("a home");
    let given = folder("STORMDB_PG_BIN");
    Binaries::find(given.as_deref(), &installed).expect("a PostgreSQL to test with")
}

impl Server {
    /// Starts a server in the lab's folder.
    pub fn start(lab: &Lab, max_connections: u32) -> Self {
        let settings = ClusterSettings { max_connections, ..ClusterSettings::default() };
        Self::of(lab, programs(), &settings)
    }

    /// Starts a server of these programs.
    pub fn of(lab: &Lab, binaries: Binaries, settings: &ClusterSettings) -> Self {
        let home = PgHome::at(lab.path().join("server"));
        let cluster = Cluster::new(&home, binaries).expect("a cluster");
        Self { running: cluster.lease(settings).expect("the server starts") }
    }

    /// The flags that make `stormdb` use it as the administrator.
    pub fn flags(&self) -> Vec<String> {
        self.flags_as(&self.running.endpoint().user)
    }

    /// The flags that make `stormdb` use it as another role.
    pub fn flags_as(&self, role: &str) -> Vec<String> {
        let endpoint = self.running.endpoint();
        let Address::Unix { directory, port } = &endpoint.address else {
            panic!("a private server listens on a Unix socket")
        };
        let pairs = [
            ("--host", directory.display().to_string()),
            ("--port", port.to_string()),
            ("--dbname", endpoint.database.clone()),
            ("--username", role.to_owned()),
        ];
        pairs.into_iter().flat_map(|(flag, value)| [flag.to_owned(), value]).collect()
    }

    /// Restarts the server as an administrator would; sessions are ended.
    pub fn restart(&self) {
        self.control("restart");
    }

    /// Stops the server; sessions are ended.
    pub fn stop(&self) {
        self.control("stop");
    }

    fn control(&self, what: &str) {
        let cluster = self.running.cluster();
        let mut command = Command::new(cluster.binaries().bin_dir.join("pg_ctl"));
        command.args([what, "-s", "-w", "-m", "fast", "-D"]).arg(cluster.data_directory());
        // A server that is started inherits the streams, and would hold pipes open.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.env_clear().env("LC_ALL", "C").current_dir("/").process_group(0);
        if let Some(account) = cluster.account() {
            command.gid(account.gid).uid(account.uid);
        }
        let status = command.status().expect("pg_ctl starts");
        assert!(status.success(), "pg_ctl {what}: {status}");
    }

    /// A session of the administrator.
    pub async fn connect(&self) -> tokio_postgres::Client {
        let Endpoint { address, database, user, .. } = self.running.endpoint();
        let Address::Unix { directory, port } = address else {
            panic!("a private server listens on a Unix socket")
        };
        let mut config = tokio_postgres::Config::new();
        config.host_path(directory).port(*port).dbname(database).user(user);
        let (client, connection) =
            config.connect(tokio_postgres::NoTls).await.expect("the server answers");
        tokio::spawn(connection);
        client
    }

    /// The server itself, to stop or to look into.
    pub fn cluster(&self) -> &RunningCluster {
        &self.running
    }
}
