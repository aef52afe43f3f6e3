//! The list of runs and the page of one.

use expect_test::expect;
use stormdb_report::{
    runs::{RunEntry, RunSummary, list_json, list_text, show_json, show_text},
    screen::Style,
};
use stormdb_run::{event::Failure, record::Outcome};

use crate::record::{DOCUMENTED, failed, report, run, so_far};

fn entries() -> Vec<RunEntry> {
    let complete = run(&DOCUMENTED);
    let mut stopped = so_far(&complete, 2);
    stopped.header.id = "20241215-143022-2".to_owned();
    stopped.outcome = Some(Outcome::Stopped {
        exit_code: 130,
        failure: Failure { id: "stopped-by:INT".to_owned(), message: "stopped".to_owned() },
    });
    let mut killed = so_far(&complete, 1);
    killed.header.id = "20241216-000000".to_owned();
    let mut entries: Vec<_> = [complete, stopped, killed]
        .iter()
        .map(|run| RunEntry::Readable(RunSummary::of(run)))
        .collect();
    entries.push(RunEntry::Unreadable {
        id: "20241217-000000".to_owned(),
        error: "the journal is empty: the run was killed before it began".to_owned(),
    });
    entries
}

#[test]
fn the_list() {
    expect![[r#"
        run                 started             bands  outcome       workload
        20241215-143022     2024-12-15 14:30      6/6  complete      imdb, scale 1,000, PostgreSQL 18.4 (embedded)
        20241215-143022-2   2024-12-15 14:30      2/6  stopped       imdb, scale 1,000, PostgreSQL 18.4 (embedded)
        20241216-000000     2024-12-15 14:30      1/6  unfinished    imdb, scale 1,000, PostgreSQL 18.4 (embedded)
        20241217-000000     unreadable  the journal is empty: the run was killed before it began
    "#]].assert_eq(&list_text(&entries(), Style::default()));
    expect![[r#"
        no runs yet; make one with `stormdb run`
    "#]]
    .assert_eq(&list_text(&[], Style::default()));
}

#[test]
fn the_list_as_json() {
    let json: serde_json::Value = serde_json::from_str(&list_json(&entries()).unwrap()).unwrap();
    assert_eq!(json.as_array().unwrap().len(), 4);
    assert_eq!(json[1]["bands_finished"], 2);
    assert_eq!(json[1]["outcome"]["exit_code"], 130);
    assert!(json[2]["outcome"].is_null());
    assert_eq!(json[3]["error"], "the journal is empty: the run was killed before it began");
}

#[test]
fn the_page_of_a_run() {
    let mut record = run(&DOCUMENTED[..2]);
    let plan = record.bands[1].plan.clone();
    record.bands[1] = failed(plan, "plugin-crashed:SIGABRT", "the load process died by SIGABRT");
    record.outcome = Some(Outcome::Complete { exit_code: 4 });
    expect![[r#"
        run      20241215-143022
        started  2024-12-15 14:30:22 UTC
        outcome  with faults
        stormdb  0.1.0
        load     imdb, 1,000 movies, seed 42
        server   PostgreSQL 18.4 (embedded)
        machine  2 cores, 8,192 MiB of memory, Linux 6.1
        plugin   stormdb-imdb 1.0.0 by demo (SHA256:abc), sha256 00ff
        band     1/2, 10 workers, 20 connections: finished
        band     2/2, 14 workers, 28 connections: failed: the load process died by SIGABRT
                 (plugin-crashed:SIGABRT)
    "#]]
    .assert_eq(&show_text(&report(&record), Style::default()));
    let json: serde_json::Value =
        serde_json::from_str(&show_json(&report(&record)).unwrap()).unwrap();
    assert_eq!(json["header"]["seed"], 42);
    assert_eq!(json["bands"][1]["failure"]["id"], "plugin-crashed:SIGABRT");
}
