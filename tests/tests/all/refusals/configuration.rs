//! Configurations that are refused before anything else is looked at: exit 2, with the place, the
//! line and what to type instead.

use std::fs;

use stormdb_tests::{
    lab::{Lab, run},
    server::Server,
    untouched::{Doorbell, kept},
};

/// Runs a configuration that has one thing wrong.
#[track_caller]
fn refuse(yaml: &str, flags: &[&str], id: &str, said: &[&str]) {
    let lab = Lab::new();
    fs::write(lab.path().join("run.yaml"), yaml).unwrap();
    let doorbell = Doorbell::new();
    let mut command = lab.stormdb_with_plugins(&["run", "--setup", "--config", "run.yaml"]);
    command.args(doorbell.flags()).arg("--export-path").arg(lab.results());
    let ended = run(command.args(flags));
    ended.refused(2, id);
    for said in said {
        assert!(ended.stderr.contains(said), "no {said:?} in\n{}", ended.stderr);
    }
    assert_eq!(ended.stdout, "");
    assert!(!doorbell.rang(), "a server was spoken to");
    assert!(kept(&lab).is_empty());
}

#[test]
fn a_misspelt_key() {
    refuse(
        "workload: simple\nprogressive:\n  strategy: linear\n  min_wokers: 10\n",
        &[],
        "unknown-key",
        &["run.yaml:4:3", "  min_wokers: 10\n", "did you mean `min_workers`?"],
    );
}

#[test]
fn a_minimum_above_its_maximum() {
    refuse(
        "workload: simple\nprogressive:\n  min_workers: 10\n  max_workers: 5\n",
        &[],
        "min-above-max",
        &["run.yaml:4:16", "run.yaml:3:16", "raise `max_workers` or lower `min_workers`"],
    );
}

#[test]
fn an_unknown_strategy() {
    refuse(
        "workload: simple\nprogressive:\n  strategy: exponental\n",
        &[],
        "unknown-value",
        &["run.yaml:3:13", "did you mean `exponential`?", "linear", "fibonacci", "grid"],
    );
}

#[test]
fn everything_wrong_is_said_at_once() {
    let yaml = "workload: simple\nworkerz: 4\nprogressive:\n  strategy: exponental\n  bands: 99\n";
    refuse(
        yaml,
        &["--set", "seed=x"],
        "unknown-key",
        &["[unknown-value]", "[out-of-range]", "seed"],
    );
}

#[test]
fn a_flag_that_is_out_of_range() {
    refuse(
        "workload: simple\n",
        &["--workers", "0"],
        "out-of-range",
        &["--workers 0", "`workers`"],
    );
}

/// A value that breaks two rules of the schema is one problem.
#[test]
fn a_mistake_is_said_once() {
    let lab = Lab::new();
    let ended = run(&mut lab.stormdb(&["run", "-w", "simple", "--duration", "5"]));
    ended.refused(2, "malformed");
    assert_eq!(ended.stderr.matches("error[").count(), 1, "{}", ended.stderr);
}

#[test]
fn a_file_that_is_not_there() {
    let lab = Lab::new();
    let ended = run(&mut lab.stormdb(&["run", "--config", "lost.yaml"]));
    ended.refused(2, "configuration-unreadable");
    assert!(ended.stderr.contains("lost.yaml"), "{}", ended.stderr);
}

/// The workload's own keys are known only when its plugin is; still, nothing has run by then.
#[test]
fn keys_of_the_workload_and_its_mix() {
    let lab = Lab::new();
    let server = Server::start(&lab, 20);
    for (key, id, said) in [
        ("workload_config.blob_byts=10", "unknown-key", "blob_byts"),
        ("workload_config.mix={raed: 1}", "unknown-key", "raed"),
        ("workload_config.mix={read_by_key: 0}", "out-of-range", "weight above 0"),
    ] {
        let mut command = lab.stormdb_with_plugins(&["run", "--setup", "-w", "simple"]);
        command.args(server.flags()).arg("--export-path").arg(lab.results());
        let ended = run(command.args(["--set", key]));
        ended.refused(2, id);
        assert!(ended.stderr.contains(said), "no {said:?} in\n{}", ended.stderr);
        assert!(kept(&lab).is_empty());
    }
}
