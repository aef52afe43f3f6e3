//! Places that cannot be written to: exit 6, before anything runs.

use std::fs;

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
