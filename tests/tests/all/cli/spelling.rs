//! The documented spelling, and the ladder of a run that describes none.

use std::fs;

use serde_json::Value;
use stormdb_tests::{
    lab::{Lab, run},
    server::Server,
    stored::{Stored, shown},
};

const SHORT: [&str; 6] = [
    "--duration",
    "300ms",
    "--set",
    "progressive.warmup_duration=0s",
    "--set",
    "progressive.cooldown_duration=0s",
];

/// What a run was asked for and planned, and what it said of it.
fn ran(server: &Server, line: &[&str]) -> (Value, Value, String) {
    let lab = Lab::new();
    fs::write(lab.path().join("run.yaml"), "workload: simple\nseed: 7\n").unwrap();
    let mut command = lab.stormdb_with_plugins(line);
    // Where the home folder is stands in the configuration.
    command
        .env("HOME", "/nonexistent")
        .args(SHORT)
        .args(server.flags())
        .args(["--export-path", "results"]);
    let ended = run(&mut command);
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    assert_eq!(shown(&lab), (1..=6).map(|band| (band, "finished".to_owned())).collect::<Vec<_>>());
    let header = Stored::latest(&lab).unwrap().record.header;
    let plan = serde_json::to_value(header.plan).unwrap();
    (header.configuration, plan, ended.stdout)
}

#[test]
fn a_run_may_be_spelt_with_and_without_its_name() {
    let lab = Lab::new();
    let server = Server::start(&lab, 12);
    let documented = ran(&server, &["--config", "run.yaml", "--progressive", "--setup"]);
    let named = ran(&server, &["run", "--progressive", "--setup", "--config", "run.yaml"]);
    assert_eq!(documented.0, named.0);
    assert_eq!(documented.1, named.1);
    // One of the 12 connections is the monitor's.
    let workers: Vec<_> =
        documented.1["bands"].as_array().unwrap().iter().map(|band| &band["workers"]).collect();
    assert_eq!(workers, [1, 2, 3, 4, 7, 11]);
    let line = "plan  6 bands, exponential, 1-11 workers, 1-11 connections, 300ms each";
    assert!(documented.2.contains(line), "no {line:?} in\n{}", documented.2);
}
