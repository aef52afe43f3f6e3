//! What decides: default < file < `STORMDB_*` < flags < `--set`, and the variables of libpq below the
//! file.

use std::fs;

use serde_json::Value;
use stormdb_tests::lab::{Lab, run};

/// One key of the only band that is planned.
#[track_caller]
fn planned(lab: &Lab, arguments: &[&str], variables: &[(&str, &str)]) -> Value {
    let mut command = lab.stormdb(&["plan", "--json"]);
    let ended = run(command.args(arguments).envs(variables.iter().copied()));
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    ended.json()["bands"][0]["workers"].clone()
}

#[test]
fn each_layer_overrides_the_one_below() {
    let lab = Lab::new();
    fs::write(lab.path().join("run.yaml"), "workload: simple\nworkers: 3\n").unwrap();
    let file = ["--config", "run.yaml"];
    let variable = [("STORMDB_WORKERS", "4")];
    assert_eq!(planned(&lab, &["--workload", "simple"], &[]), 8);
    assert_eq!(planned(&lab, &file, &[]), 3);
    assert_eq!(planned(&lab, &file, &variable), 4);
    assert_eq!(planned(&lab, &[&file[..], &["--workers", "5"]].concat(), &variable), 5);
    let flags = ["--workers", "5", "--set", "workers=6"];
    assert_eq!(planned(&lab, &[&file[..], &flags[..]].concat(), &variable), 6);
    let from_variable = [("STORMDB_CONFIG", "run.yaml"), ("STORMDB_DURATION", "7s")];
    assert_eq!(planned(&lab, &[], &from_variable), 3);
}

#[test]
fn an_empty_variable_counts_as_unset() {
    let lab = Lab::new();
    let empty = [
        ("STORMDB_CONFIG", ""),
        ("STORMDB_LOG_LEVEL", ""),
        ("STORMDB_LOG_FORMAT", ""),
        ("STORMDB_PG_BIN", ""),
        ("STORMDB_WORKERS", ""),
        ("PGHOST", ""),
    ];
    assert_eq!(planned(&lab, &["--workload", "simple"], &empty), 8);
}

/// The address that a plan looks for the server at.
#[track_caller]
fn looked_at(lab: &Lab, arguments: &[&str], variables: &[(&str, &str)]) -> String {
    let mut command = lab.stormdb(&["plan", "--json", "--workload", "simple"]);
    let ended = run(command.args(arguments).envs(variables.iter().copied()));
    ended.json()["server_missing"].as_str().unwrap_or("embedded").to_owned()
}

#[test]
fn variables_of_libpq_name_a_server() {
    let lab = Lab::new();
    let libpq = [("PGHOST", "127.0.0.1"), ("PGPORT", "2")];
    let own = [&libpq[..], &[("STORMDB_PORT", "3")]].concat();
    assert_eq!(looked_at(&lab, &[], &[]), "embedded");
    assert!(looked_at(&lab, &[], &libpq).contains("127.0.0.1:2"));
    assert!(looked_at(&lab, &[], &own).contains("127.0.0.1:3"));
    assert!(looked_at(&lab, &["--port", "4"], &own).contains("127.0.0.1:4"));
    assert_eq!(looked_at(&lab, &["--embedded"], &own), "embedded");
    // Who set only a user and a password has not named a server.
    assert_eq!(looked_at(&lab, &[], &[("PGUSER", "me"), ("PGPASSWORD", "x")]), "embedded");
}
