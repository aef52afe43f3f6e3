//! A real PostgreSQL for one test: private, on a Unix socket, gone with the test.

use std::path::Path;

use stormdb_target::{
    binaries::Binaries,
    embedded::{Cluster, RunningCluster, settings::ClusterSettings},
    endpoint::Address,
    place::PgHome,
};

use crate::lab::Lab;

/// A running server. As root it runs as another user, as the product's own embedded server does.
#[derive(Debug)]
pub struct Server {
    running: RunningCluster,
}

impl Server {
    /// Starts a server in the lab's folder from the programs that `STORMDB_PG_BIN` names, the
    /// installed bundle, or the system's.
    pub fn start(lab: &Lab, max_connections: u32) -> Self {
        let installed = PgHome::standard(None, Some(Path::new("/"))).expect("a home");
        let given = std::env::var_os("STORMDB_PG_BIN").map(std::path::PathBuf::from);
        let binaries =
            Binaries::find(given.as_deref(), &installed).expect("a PostgreSQL to test with");
        let cluster =
            Cluster::new(&PgHome::at(lab.path().join("server")), binaries).expect("a cluster");
        let settings = ClusterSettings { max_connections, ..ClusterSettings::default() };
        Self { running: cluster.lease(&settings).expect("the server starts") }
    }

    /// The flags that make `stormdb` use it.
    pub fn flags(&self) -> Vec<String> {
        let endpoint = self.running.endpoint();
        let Address::Unix { directory, port } = &endpoint.address else {
            panic!("a private server listens on a Unix socket")
        };
        let pairs = [
            ("--host", directory.display().to_string()),
            ("--port", port.to_string()),
            ("--dbname", endpoint.database.clone()),
            ("--username", endpoint.user.clone()),
        ];
        pairs.into_iter().flat_map(|(flag, value)| [flag.to_owned(), value]).collect()
    }

    /// The server itself, to stop or to look into.
    pub fn cluster(&self) -> &RunningCluster {
        &self.running
    }
}
