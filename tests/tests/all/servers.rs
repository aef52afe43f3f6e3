//! The servers that a run can be against: sources of the password, TLS, and PostgreSQL's versions.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use stormdb_tests::{
    lab::{Ended, Lab, run},
    server::{Server, programs},
    stored::Stored,
    tcp::{PASSWORD, TcpServer, make_authority, system},
};

/// The bundle's server, or what stands in for it, listens on no network.
#[tokio::test]
async fn a_private_server_is_on_a_socket_alone() {
    let lab = Lab::new();
    let server = Server::start(&lab, 20);
    let administrator = server.connect().await;
    let row = administrator.query_one("SHOW listen_addresses", &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "");
    let mut command = lab.stormdb_with_plugins(&["plan", "--workload", "simple", "--json"]);
    let plan = run(command.args(server.flags())).json();
    assert_eq!(plan["server"]["max_connections"], 20);
}

/// Asks the server what it allows, which takes a login.
fn plan(lab: &Lab, server: &TcpServer) -> Command {
    let mut command = lab.stormdb(&["plan", "--workload", "simple", "--json"]);
    command.args(server.flags("127.0.0.1"));
    command
}

#[track_caller]
fn logs_in(command: &mut Command) -> Ended {
    let ended = run(command);
    let plan = ended.json();
    assert!(plan["server_missing"].is_null(), "{}", plan["server_missing"]);
    assert_eq!(plan["server"]["max_connections"], 30);
    ended
}

#[track_caller]
fn is_refused(command: &mut Command) {
    let plan = run(command).json();
    let missing = plan["server_missing"].as_str().unwrap_or("nothing");
    assert!(missing.contains("refused user"), "{missing}");
}

fn secret(path: &Path, text: &str) -> String {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    path.display().to_string()
}

#[test]
fn a_password_from_each_of_its_sources() {
    let lab = Lab::new();
    let server = TcpServer::start(&lab, programs());
    let passfile = |host: &str| {
        let escaped = PASSWORD.replace('\\', "\\\\").replace(':', "\\:");
        format!("# of the test\n{host}:{}:*:postgres:{escaped}\n", server.port)
    };
    is_refused(&mut plan(&lab, &server));
    is_refused(plan(&lab, &server).env("PGPASSWORD", "wrong"));

    logs_in(plan(&lab, &server).env("PGPASSWORD", PASSWORD));
    logs_in(plan(&lab, &server).env("STORMDB_PASSWORD", PASSWORD).env("PGPASSWORD", "wrong"));

    let file = secret(&lab.path().join("password"), &format!("{PASSWORD}\n"));
    let in_file = format!("database.password_file={file}");
    assert_eq!(logs_in(plan(&lab, &server).args(["--set", &in_file])).stderr, "");

    let other = secret(&lab.path().join("other"), &passfile("elsewhere"));
    is_refused(plan(&lab, &server).env("PGPASSFILE", other));
    let own = secret(&lab.path().join("own"), &passfile("127.0.0.1"));
    logs_in(plan(&lab, &server).env("PGPASSFILE", &own));
    logs_in(plan(&lab, &server).args(["--set", &format!("database.passfile={own}")]));
    // The one in the home folder is read by itself, as libpq does.
    let at_home = lab.path().join(".pgpass");
    secret(&at_home, &passfile("*"));
    logs_in(&mut plan(&lab, &server));
    fs::set_permissions(&at_home, fs::Permissions::from_mode(0o644)).unwrap();
    let mut open = plan(&lab, &server);
    is_refused(&mut open);
    let said = run(&mut open).stderr;
    assert!(said.contains(".pgpass is ignored") && said.contains("chmod 0600"), "{said}");
    fs::remove_file(at_home).unwrap();

    let yaml = format!(
        "workload: simple\ndatabase:\n  host: 127.0.0.1\n  port: {}\n  username: postgres\n  password: '{}'\n",
        server.port,
        PASSWORD.replace('\'', "''")
    );
    fs::write(lab.path().join("run.yaml"), yaml).unwrap();
    let written = logs_in(&mut lab.stormdb(&["plan", "--json", "--config", "run.yaml"]));
    for said in ["run.yaml:6:3", "password_file", "passfile", "PGPASSWORD"] {
        assert!(written.stderr.contains(said), "no {said} in {}", written.stderr);
    }
    assert!(!written.stderr.contains("secret of the test"), "{}", written.stderr);
}

#[test]
fn variables_of_libpq_lead_to_a_server() {
    let Some(binaries) = system() else { return };
    let lab = Lab::new();
    let server = TcpServer::start(&lab, binaries);
    let port = server.port.to_string();
    let mut command = lab.stormdb(&["plan", "--workload", "simple", "--json"]);
    command.envs([("PGHOST", "127.0.0.1"), ("PGPORT", &port), ("PGUSER", "postgres")]);
    command.envs([("PGDATABASE", "postgres"), ("PGPASSWORD", PASSWORD)]);
    logs_in(&mut command);
    let plan = run(command.env("PGDATABASE", "lost")).json();
    assert!(plan["server_missing"].as_str().unwrap().contains("no database \"lost\""), "{plan}");
    let plan = run(command.env("PGSSLMODE", "sometimes"));
    plan.refused(2, "unknown-value");
    assert!(plan.stderr.contains("PGSSLMODE"), "{}", plan.stderr);
}

/// A whole run over TLS: login and load happen in the load process, which opens no file by then.
#[tokio::test]
async fn a_run_over_tls() {
    let Some(binaries) = system() else { return };
    let lab = Lab::new();
    let server = TcpServer::start(&lab, binaries);
    let Some(authority) = server.encrypt(&lab).await else { return };
    let stranger = make_authority(&lab.path().join("stranger"));
    let run_with = |host: &str, mode: &str, roots: Option<&Path>| {
        let mut command = lab.stormdb_with_plugins(&["run", "--setup", "--workload", "simple"]);
        command.args(["--workers", "2", "--connections", "2", "--duration", "500ms"]);
        command.args(server.flags(host)).env("PGPASSWORD", PASSWORD).env("PGSSLMODE", mode);
        command.envs(roots.map(|roots| ("PGSSLROOTCERT", roots)));
        run(command.arg("--export-path").arg(lab.results()))
    };
    for (host, mode, roots) in [
        ("127.0.0.1", "require", None),
        ("127.0.0.1", "verify-ca", Some(authority.as_path())),
        ("localhost", "verify-full", Some(&authority)),
    ] {
        let ended = run_with(host, mode, roots);
        assert_eq!(ended.code, Some(0), "{mode}: {}\n{}", ended.stdout, ended.stderr);
        let record = Stored::latest(&lab).unwrap().record;
        let operations: u64 = record.measured().map(|(_, band)| band.counts.operations).sum();
        assert!(operations > 0, "{mode}");
    }
    for (host, roots) in [("localhost", &stranger), ("127.0.0.1", &authority)] {
        let ended = run_with(host, "verify-full", Some(roots));
        ended.refused(5, "target-tls-failed");
        assert!(ended.stderr.contains("sslmode"), "{}", ended.stderr);
    }
    let lost = run_with("localhost", "verify-full", Some(Path::new("/lost.pem")));
    lost.refused(2, "root-certificates-unreadable");
}
