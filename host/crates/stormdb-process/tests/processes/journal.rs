//! A journal on a file that cannot grow.

use std::process::Command;

use libtest_mimic::Trial;
use stormdb_process::journal::{self, Contents};

use crate::supervise::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("a_write_that_fails_leaves_whole_records_and_stops_the_journal", full)]
}

fn full() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let output = Command::new("/proc/self/exe")
        .args(["load-process", "file size limit"])
        .arg(&path)
        .output()
        .unwrap();
    let shown = path.display();
    let stopped = format!("an earlier write to {shown} failed, so nothing more is added to it");
    assert_eq!(
        String::from_utf8(output.stdout).unwrap().lines().collect::<Vec<_>>(),
        ["written", "written", &format!("cannot write to {shown}"), &stopped, &stopped],
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let contents: Contents<String> = journal::read(&path).unwrap();
    let record = "a record of some length".to_owned();
    assert_eq!(contents, Contents { records: vec![record.clone(), record], truncated: None });
}
