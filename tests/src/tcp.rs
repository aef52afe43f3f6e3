//! A real PostgreSQL on TCP for one test, with a SCRAM password and, where it can, TLS.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::chown,
    path::{Path, PathBuf},
    process::Command,
};

use stormdb_run::secret::Secret;
use stormdb_target::{
    binaries::Binaries,
    embedded::settings::{ClusterSettings, TcpAccess},
    place::PgHome,
};

use crate::{lab::Lab, server::Server};

/// What every TCP client must say; spelt so that no output holds it by chance.
pub const PASSWORD: &str = "Xq7'\\ secret of the test";

/// A server on 127.0.0.1 and a port of its own.
#[derive(Debug)]
pub struct TcpServer {
    server: Server,
    pub port: u16,
}

#[expect(clippy::print_stderr, reason = "a skipped test says why")]
fn skipped(reason: &dyn std::fmt::Display) {
    eprintln!("skipped: {reason}");
}

/// The system's PostgreSQL; nothing, with the reason on stderr, where there is none.
pub fn system() -> Option<Binaries> {
    let nowhere = PgHome::at("/nonexistent");
    let found = Binaries::find(None, &nowhere);
    found.inspect_err(|error| skipped(&format!("no PostgreSQL of the system: {error}"))).ok()
}

impl TcpServer {
    pub fn start(lab: &Lab, binaries: Binaries) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = free.local_addr().expect("a bound socket").port();
        drop(free);
        let tcp = Some(TcpAccess { port, password: Secret::new(PASSWORD.to_owned()) });
        let settings = ClusterSettings { max_connections: 30, tcp };
        Self { server: Server::of(lab, binaries, &settings), port }
    }

    /// The flags that make `stormdb` use it under a host name that leads to 127.0.0.1.
    pub fn flags(&self, host: &str) -> Vec<String> {
        let endpoint = self.server.cluster().endpoint();
        let port = self.port.to_string();
        let pairs = [
            ("--host", host),
            ("--port", &port),
            ("--dbname", &endpoint.database),
            ("--username", &endpoint.user),
        ];
        pairs.into_iter().flat_map(|(flag, value)| [flag.to_owned(), value.to_owned()]).collect()
    }

    /// The server itself.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Turns TLS on with a certificate for `localhost`, and returns the certificate of the authority
    /// that signed it; nothing, with the reason on stderr, where it was built without TLS.
    pub async fn encrypt(&self, lab: &Lab) -> Option<PathBuf> {
        let administrator = self.server.connect().await;
        if administrator.batch_execute("ALTER SYSTEM SET ssl = on").await.is_err() {
            skipped(&"this server was built without TLS");
            return None;
        }
        let folder = lab.path().join("tls");
        let authority = make_authority(&folder);
        make_server_certificate(&folder);
        let cluster = self.server.cluster().cluster();
        for name in ["server.crt", "server.key"] {
            let path = cluster.data_directory().join(name);
            fs::copy(folder.join(name), &path).expect("the data directory");
            if let Some(account) = cluster.account() {
                chown(&path, Some(account.uid), Some(account.gid)).expect("an own file");
            }
        }
        self.server.restart();
        Some(authority)
    }
}

/// Makes an authority whose key stays in `folder`, and returns its certificate.
pub fn make_authority(folder: &Path) -> PathBuf {
    fs::create_dir_all(folder).expect("a folder in the lab");
    openssl(
        folder,
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority \
         -keyout authority.key -out authority.crt",
    );
    folder.join("authority.crt")
}

fn make_server_certificate(folder: &Path) {
    openssl(
        folder,
        "req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout server.key -out server.csr",
    );
    fs::write(folder.join("names"), "subjectAltName=DNS:localhost\n").expect("a file in the lab");
    openssl(
        folder,
        "x509 -req -in server.csr -CA authority.crt -CAkey authority.key \
         -CAcreateserial -days 2 -extfile names -out server.crt",
    );
}

fn openssl(folder: &Path, arguments: &str) {
    let mut command = Command::new("openssl");
    let output = command.args(arguments.split_whitespace()).current_dir(folder).output();
    let output = output.expect("openssl is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
