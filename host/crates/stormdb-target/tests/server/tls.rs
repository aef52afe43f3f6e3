//! TLS in every mode, against a server with certificates made for the test.

use std::{fs, path::Path, process::Command};

use stormdb_target::{
    connect::connect,
    endpoint::{Address, Endpoint, Tls, TlsMode},
    tls::roots_from_pem,
};

use crate::lab::{Lab, PASSWORD, with_password};

/// Outcome of a connection: `tls`, `plain`, or the id of the error.
async fn outcome(endpoint: &Endpoint, mode: TlsMode, roots: Option<&[u8]>) -> &'static str {
    let roots = roots.map(|pem| roots_from_pem(pem).unwrap());
    let endpoint = Endpoint { tls: Tls { mode, roots }, ..endpoint.clone() };
    match connect(&endpoint, &with_password(PASSWORD)).await {
        Ok(connection) => {
            let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
            let row = connection.client().query_one(sql, &[]).await.unwrap();
            if row.get(0) { "tls" } else { "plain" }
        }
        Err(error) => error.id(),
    }
}

#[tokio::test]
async fn without_tls_on_the_server() {
    let Some((_lab, endpoint)) = Lab::start_on_tcp() else { return };
    assert_eq!(outcome(&endpoint, TlsMode::Disable, None).await, "plain");
    assert_eq!(outcome(&endpoint, TlsMode::Prefer, None).await, "plain");
    assert_eq!(outcome(&endpoint, TlsMode::Require, None).await, "target-tls-failed");
}

#[tokio::test]
async fn with_a_certificate_of_an_authority() {
    let Some((lab, endpoint)) = Lab::start_on_tcp() else { return };
    let directory = tempfile::tempdir().unwrap();
    let authority = make_authority(directory.path());
    let stranger = make_authority(&directory.path().join("stranger"));
    make_server_certificate(directory.path(), "db.example");
    if !turn_on_tls(&lab, directory.path()).await {
        return;
    }
    let named = |host: &str| Endpoint {
        address: match &endpoint.address {
            Address::Tcp { port, .. } => Address::new(host, *port),
            Address::Unix { .. } => unreachable!("the endpoint is on TCP"),
        },
        ..endpoint.clone()
    };
    assert_eq!(outcome(&endpoint, TlsMode::Disable, None).await, "plain");
    assert_eq!(outcome(&endpoint, TlsMode::Prefer, None).await, "tls");
    assert_eq!(outcome(&endpoint, TlsMode::Require, None).await, "tls");
    // Roots make `require` verify the chain, as in libpq.
    assert_eq!(outcome(&endpoint, TlsMode::Require, Some(&stranger)).await, "target-tls-failed");
    assert_eq!(outcome(&endpoint, TlsMode::VerifyCa, Some(&authority)).await, "tls");
    assert_eq!(outcome(&endpoint, TlsMode::VerifyCa, Some(&stranger)).await, "target-tls-failed");
    // The certificate names localhost and db.example, not the address.
    assert_eq!(
        outcome(&endpoint, TlsMode::VerifyFull, Some(&authority)).await,
        "target-tls-failed"
    );
    let localhost = named("localhost");
    assert_eq!(outcome(&localhost, TlsMode::VerifyFull, Some(&authority)).await, "tls");
    assert_eq!(
        outcome(&localhost, TlsMode::VerifyFull, Some(&stranger)).await,
        "target-tls-failed"
    );
    // A Unix socket is never encrypted, whatever the mode.
    assert_eq!(outcome(lab.endpoint(), TlsMode::VerifyFull, Some(&authority)).await, "plain");
}

#[tokio::test]
async fn with_a_self_signed_certificate_as_its_own_root() {
    let Some((lab, endpoint)) = Lab::start_on_tcp() else { return };
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    openssl(
        path,
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost \
                   -addext subjectAltName=DNS:localhost -keyout server.key -out server.crt",
    );
    if !turn_on_tls(&lab, path).await {
        return;
    }
    let own = fs::read(path.join("server.crt")).unwrap();
    let stranger = make_authority(&path.join("stranger"));
    assert_eq!(outcome(&endpoint, TlsMode::VerifyCa, Some(&own)).await, "tls");
    assert_eq!(outcome(&endpoint, TlsMode::VerifyCa, Some(&stranger)).await, "target-tls-failed");
    assert_eq!(outcome(&endpoint, TlsMode::VerifyFull, Some(&own)).await, "target-tls-failed");
    let Address::Tcp { port, .. } = endpoint.address else { panic!("not on TCP") };
    let localhost = Endpoint { address: Address::new("localhost", port), ..endpoint };
    assert_eq!(outcome(&localhost, TlsMode::VerifyFull, Some(&own)).await, "tls");
}

#[test]
fn a_root_file_without_certificates_is_refused() {
    assert_eq!(roots_from_pem(b"hello").unwrap_err().id(), "target-tls-roots");
}

/// Gives the server the files `server.crt` and `server.key`; `false`, with the reason on standard
/// error, when this server was built without TLS.
pub(crate) async fn turn_on_tls(lab: &Lab, certificates: &Path) -> bool {
    let cluster = lab.running.cluster();
    let connection = lab.connect().await;
    let client = connection.client();
    if client.batch_execute("ALTER SYSTEM SET ssl = on").await.is_err() {
        eprintln!("skipped: this server was built without TLS");
        return false;
    }
    for name in ["server.crt", "server.key"] {
        let path = cluster.data_directory().join(name);
        fs::copy(certificates.join(name), &path).unwrap();
        if let Some(account) = cluster.account() {
            std::os::unix::fs::chown(&path, Some(account.uid), Some(account.gid)).unwrap();
        }
    }
    client.batch_execute("SELECT pg_reload_conf()").await.unwrap();
    // The postmaster reloads on its own time; only a new session shows that it has.
    while lab.connect().await.client().query_one("SHOW ssl", &[]).await.unwrap().get::<_, &str>(0)
        != "on"
    {
        tokio::task::yield_now().await;
    }
    true
}

/// The PEM text of a new authority whose key stays in `directory`.
pub(crate) fn make_authority(directory: &Path) -> Vec<u8> {
    fs::create_dir_all(directory).unwrap();
    openssl(
        directory,
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=authority \
                        -keyout authority.key -out authority.crt",
    );
    fs::read(directory.join("authority.crt")).unwrap()
}

pub(crate) fn make_server_certificate(directory: &Path, name: &str) {
    openssl(
        directory,
        &format!("req -newkey rsa:2048 -nodes -subj /CN={name} -keyout server.key -out server.csr"),
    );
    fs::write(directory.join("names"), format!("subjectAltName=DNS:{name},DNS:localhost\n"))
        .unwrap();
    openssl(
        directory,
        "x509 -req -in server.csr -CA authority.crt -CAkey authority.key \
                        -CAcreateserial -days 2 -extfile names -out server.crt",
    );
}

fn openssl(directory: &Path, arguments: &str) {
    let output = Command::new("openssl")
        .args(arguments.split_whitespace())
        .current_dir(directory)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
