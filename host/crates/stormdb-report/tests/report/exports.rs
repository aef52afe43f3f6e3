//! Files of a run: names, whole at any moment, and errors that say what to do.

use std::{fs, os::unix::fs::PermissionsExt as _};

use stormdb_report::{ReportError, export::ExportPlan, format::named};

use crate::record::{DOCUMENTED, report, run, so_far};

fn plan(folder: &std::path::Path) -> ExportPlan {
    ExportPlan {
        folder: folder.to_owned(),
        formats: vec![named("csv").unwrap(), named("json").unwrap()],
    }
}

fn names(folder: &std::path::Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn files_have_the_documented_names_and_grow_with_the_run() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("results/today");
    let record = run(&DOCUMENTED[..3]);
    for ended in 1..=3 {
        let record = so_far(&record, ended);
        let written = plan(&folder).write(&report(&record)).unwrap();
        assert_eq!(written.len(), 2);
        let csv = fs::read_to_string(&written[0]).unwrap();
        assert_eq!(csv.lines().count(), 1 + ended);
    }
    assert_eq!(
        names(&folder),
        [
            "progressive_scaling_results_20241215_143022.csv",
            "progressive_scaling_results_20241215_143022.json"
        ]
    );
}

#[test]
fn two_runs_of_one_second_do_not_share_files() {
    let folder = tempfile::tempdir().unwrap();
    let mut record = run(&DOCUMENTED[..1]);
    plan(folder.path()).write(&report(&record)).unwrap();
    record.header.id = "20241215-143022-2".to_owned();
    let written = plan(folder.path()).write(&report(&record)).unwrap();
    assert!(written[0].ends_with("progressive_scaling_results_20241215_143022_2.csv"));
    assert_eq!(names(folder.path()).len(), 4);
}

#[test]
fn a_run_id_cannot_leave_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let mut record = run(&DOCUMENTED[..1]);
    record.header.id = "../../etc/x".to_owned();
    let written = plan(folder.path()).write(&report(&record)).unwrap();
    assert_eq!(written[0], folder.path().join("progressive_scaling_results_______etc_x.csv"));
}

#[test]
fn files_can_be_read_by_others() {
    let folder = tempfile::tempdir().unwrap();
    let record = run(&DOCUMENTED[..1]);
    let written = plan(folder.path()).write(&report(&record)).unwrap();
    let mode = fs::metadata(&written[0]).unwrap().permissions().mode();
    // The umask may take away from others; a file for its owner alone would be 0600 even with umask 022.
    fs::write(folder.path().join("probe"), "").unwrap();
    let usual = fs::metadata(folder.path().join("probe")).unwrap().permissions().mode();
    assert_eq!(mode, usual);
}

#[test]
fn a_folder_that_is_a_file_is_refused_before_the_run() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("results");
    fs::write(&file, "mine").unwrap();
    for error in [
        plan(&file).check().unwrap_err(),
        plan(&file).write(&report(&run(&DOCUMENTED[..1]))).unwrap_err(),
    ] {
        assert!(matches!(&error, ReportError::Storage { path, .. } if *path == file));
        let text = error.to_string().replace(root.path().to_str().unwrap(), "ROOT");
        assert_eq!(
            text,
            "cannot create the folder ROOT/results: File exists (os error 17); make room or permit writing there, or \
             name another folder with `export_path`"
        );
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "mine");
}

#[test]
fn the_check_leaves_nothing_behind() {
    let root = tempfile::tempdir().unwrap();
    plan(root.path()).check().unwrap();
    plan(&root.path().join("new/results")).check().unwrap();
    assert_eq!(names(root.path()), [""; 0]);
}
