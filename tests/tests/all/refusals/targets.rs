//! Servers that cannot be used: exit 5, before anything runs.

use std::{fs, path::Path};

use stormdb_tests::{
    lab::{Lab, run},
    server::programs,
    tcp::{PASSWORD, TcpServer},
    untouched::{ClosedPort, kept},
};

#[test]
fn a_server_that_is_down() {
    let lab = Lab::new();
    let closed = ClosedPort::new();
    let mut command = lab.stormdb_with_plugins(&["run", "--setup", "--workload", "simple"]);
    command.args(closed.flags()).arg("--export-path").arg(lab.results());
    let ended = run(&mut command);
    ended.refused(5, "target-unreachable");
    assert!(ended.stderr.contains(&closed.address()), "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
    assert!(kept(&lab).is_empty());
}

#[test]
fn a_host_that_has_no_address() {
    let lab = Lab::new();
    let mut command = lab.stormdb_with_plugins(&["run", "--workload", "simple"]);
    let ended = run(command.args(["--host", "no-such-host.invalid"]));
    ended.refused(5, "target-unreachable");
    assert!(ended.stderr.contains("no-such-host.invalid"), "{}", ended.stderr);
}

/// Neither the wrong password nor the right one is in anything that is said or kept, however much is
/// logged.
#[test]
fn a_wrong_password_and_where_passwords_never_are() {
    const WRONG: &str = "Zk3 wrong secret of the test";
    let lab = Lab::new();
    let server = TcpServer::start(&lab, programs());
    let mut said = Vec::new();
    let run_with = |password: &str| {
        let mut command = lab.stormdb_with_plugins(&["run", "--setup", "--workload", "simple"]);
        command.args(server.flags("127.0.0.1")).env("PGPASSWORD", password);
        command.args(["--duration", "1s", "--workers", "2", "--connections", "2"]);
        command.args(["--log-level", "trace", "--export-path"]).arg(lab.results());
        run(&mut command)
    };

    let refused = run_with(WRONG);
    refused.refused(5, "target-auth-failed");
    assert!(refused.stderr.contains("\"postgres\""), "{}", refused.stderr);
    assert!(kept(&lab).is_empty());
    said.extend([refused.stdout, refused.stderr]);

    let finished = run_with(PASSWORD);
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    said.extend([finished.stdout, finished.stderr]);
    for arguments in [["runs", "show", "latest", "--json"], ["report", "latest", "-f", "json"]] {
        said.push(run(&mut lab.stormdb(&arguments)).stdout);
    }
    // In JSON the quote of the right one would be escaped.
    let secrets = [WRONG, PASSWORD, "secret of the test"];
    let contains = |bytes: &[u8], secret: &str| {
        bytes.windows(secret.len()).any(|window| window == secret.as_bytes())
    };
    for secret in secrets {
        assert!(!said.iter().any(|text| text.contains(secret)), "{secret} in {said:?}");
        for (path, bytes) in kept(&lab) {
            assert!(!contains(&bytes, secret), "{secret} in {}", path.display());
        }
    }
    assert!(kept(&lab).len() > 3, "a journal and two exports were searched");
}

/// A password that the file holds is warned of, and is not shown by the snippet of another mistake.
#[test]
fn a_password_beside_a_mistake() {
    let lab = Lab::new();
    let yaml = format!(
        "workload: simple\ndatabase: {{host: localhost, password: \"{secret}\", prot: 1}}\n",
        secret = "Zk3-secret"
    );
    fs::write(lab.path().join("run.yaml"), yaml).unwrap();
    let ended = run(&mut lab.stormdb(&["run", "--config", "run.yaml"]));
    ended.refused(2, "unknown-key");
    assert!(ended.stderr.contains("`prot`"), "{}", ended.stderr);
    assert!(!ended.stderr.contains("Zk3-secret"), "{}", ended.stderr);
}

#[test]
fn a_password_file_that_is_not_there() {
    let lab = Lab::new();
    let closed = ClosedPort::new();
    let mut command = lab.stormdb_with_plugins(&["run", "--workload", "simple"]);
    command.args(closed.flags());
    let ended = run(command.args(["--set", "database.password_file=lost"]));
    ended.refused(2, "password-unreadable");
    assert!(!Path::new(&lab.runs()).exists());
}
