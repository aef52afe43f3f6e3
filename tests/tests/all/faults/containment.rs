//! What a plugin can reach from inside a run.

use std::path::Path;

use serde_json::{Value, json};
use stormdb_tests::{lab::Lab, stored::Stored};

use super::arena::{Arena, bands, ladder};

const WRITTEN: &str = "/var/tmp/stormdb-hostile-was-here";

#[test]
fn a_plugin_reaches_no_network_no_programs_and_no_environment() {
    let arena = Arena::open();
    let mut place = arena.place(&ladder(3, "at: execute, how: probe"));
    place.command.env("PGPASSWORD", "a-secret-that-no-plugin-sees");
    let (lab, ended) = place.finish();
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    assert_eq!(bands(&lab), "1 finished, 2 finished, 3 finished");

    let record = Stored::latest(&lab).unwrap().record;
    let probe = record.reported.into_iter().find(|(kind, _)| kind == "probe").unwrap().1;
    let found = |attempt: &str| probe[attempt].clone();
    for attempt in [
        "tcp",
        "udp",
        "unix-socket",
        "program",
        "write-file",
        "read-file",
        "read-own-environment",
        "list-folder",
    ] {
        assert_eq!(found(attempt), denied(), "{attempt} in {probe}");
    }
    assert_eq!(found("variables"), json!("0"));
    assert!(!Path::new(WRITTEN).exists());
}

#[test]
fn a_plugin_does_not_change_what_the_host_prints() {
    let arena = Arena::open();
    let mut place = arena.place(&ladder(3, "at: execute, how: output, every: 50"));
    place.command.arg("--json");
    let (lab, ended) = place.finish();
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    assert_eq!(bands(&lab), "1 finished, 2 finished, 3 finished");
    assert_eq!(ended.json()["bands"].as_array().map(Vec::len), Some(3));
    let failed = Stored::latest(&lab).unwrap().record;
    let failed: u64 = failed.measured().map(|(_, measured)| measured.counts.failed).sum();
    assert_eq!(failed, 0, "what was tried was refused");
}

#[tokio::test]
async fn a_role_with_few_rights_keeps_the_server_from_a_plugin() {
    let arena = Arena::open();
    arena.server.connect().await.batch_execute("CREATE ROLE modest LOGIN").await.unwrap();
    let warns = |lab: &Lab| {
        let warnings = Stored::latest(lab).unwrap().record.warnings;
        warnings.iter().any(|warning| warning.id == "role-superuser")
    };
    let (lab, told) =
        arena.place_as("modest", &ladder(3, "at: execute, how: overreach")).told().await;
    assert_eq!(told.status.code(), Some(0), "{}", told.transcript());
    let record = Stored::latest(&lab).unwrap().record;
    for (_, measured) in record.measured() {
        assert!(measured.counts.operations > 0);
        assert!(measured.errors.is_empty(), "{:?}", measured.errors);
    }
    assert!(!warns(&lab), "an ordinary role");

    let (lab, _told) = arena.place(&ladder(3, "at: never, how: fail")).told().await;
    assert!(warns(&lab), "the administrator of a server that is not embedded");
}

fn denied() -> Value {
    json!("PermissionDenied")
}
