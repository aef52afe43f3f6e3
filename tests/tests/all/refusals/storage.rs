//! Places that cannot be written to: exit 6, before anything runs.

use std::fs;

use stormdb_process::journal::Journal;
use stormdb_tests::{
    lab::{Lab, run},
    untouched::{Doorbell, kept},
};

/// Permission bits do not stop root, so that these are no folders, or in no file system that keeps
/// files.
#[test]
fn a_results_folder_that_cannot_be_written() {
    let lab = Lab::new();
    fs::write(lab.path().join("file"), "mine").unwrap();
    for folder in ["file", "file/results", "/proc/results", "/dev/null"] {
        let doorbell = Doorbell::new();
        let mut command = lab.stormdb_with_plugins(&["run", "--setup", "--workload", "simple"]);
        let ended = run(command.args(doorbell.flags()).args(["--export-path", folder]));
        ended.refused(6, "export-failed");
        assert!(ended.stderr.contains(folder), "no {folder} in {}", ended.stderr);
        assert!(ended.stderr.contains("export_path"), "{}", ended.stderr);
        assert_eq!(ended.stdout, "");
        assert!(!doorbell.rang(), "a server was spoken to for {folder}");
    }
    assert!(kept(&lab).is_empty());
    assert_eq!(fs::read_to_string(lab.path().join("file")).unwrap(), "mine");
}

#[test]
fn a_data_folder_that_is_a_file() {
    let lab = Lab::new();
    fs::write(lab.path().join("data"), "mine").unwrap();
    let ended = run(&mut lab.stormdb(&["runs", "list"]));
    ended.refused(6, "storage-failed");
    assert!(ended.stderr.contains("data/stormdb/runs"), "{}", ended.stderr);
}

#[test]
fn stored_runs_that_are_damaged_or_never_began() {
    let lab = Lab::new();
    let stored = |name: &str| {
        let folder = lab.runs().join(name);
        fs::create_dir_all(&folder).unwrap();
        folder.join("journal")
    };
    let report = |name: &str| run(&mut lab.stormdb(&["report", name]));
    fs::write(stored("20260101-000000"), "this is no journal").unwrap();
    report("20260101-000000").refused(6, "storage-failed");
    drop(Journal::create(&stored("20260102-000000")).unwrap());
    let ended = report("20260102-000000");
    ended.refused(6, "journal-unreadable");
    assert!(ended.stderr.contains("20260102-000000"), "{}", ended.stderr);
}

#[test]
fn a_user_without_a_home() {
    let lab = Lab::new();
    let mut command = lab.stormdb(&["plugin", "list"]);
    for variable in ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"] {
        command.env_remove(variable);
    }
    run(&mut command).refused(2, "no-home");
}

#[test]
fn a_rate_at_which_nothing_arrives() {
    let lab = Lab::new();
    let doorbell = Doorbell::new();
    let mut command = lab.stormdb_with_plugins(&["run", "--workload", "simple"]);
    command.args(["--arrival-rate", "0.001", "--duration", "1s"]).args(doorbell.flags());
    run(&mut command).refused(2, "arrival-rate-too-low");
    assert!(!doorbell.rang(), "a server was spoken to");
}
