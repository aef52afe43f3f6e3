//! A plugin that ends its process loses the band it was in, by name, and nothing else.

use std::fs;

use stormdb_tests::{
    lab::Lab,
    stored::{Stored, cell, reported, rows, shown},
};

use super::arena::{Arena, bands, ladder, text};

#[test]
fn a_plugin_that_aborts_in_the_third_band_loses_that_band_only() {
    let arena = Arena::open();
    let harm = "at: execute, how: abort, workers: 3, after: 20";
    let (lab, ended) = arena.place(&ladder(5, harm)).finish();
    assert_eq!(ended.code, Some(4), "{}\n{}", ended.stdout, ended.stderr);

    let expected =
        "1 finished, 2 finished, 3 plugin-crashed:SIGABRT, 4 finished, 5 finished".to_owned();
    assert_eq!(bands(&lab), expected);
    assert_eq!(text(&shown(&lab)), expected);
    assert_eq!(rendered(&reported(&lab)), expected);
    assert_eq!(rendered(&rows(&exported_csv(&lab))), expected);
    assert!(ended.stdout.contains("plugin-crashed:SIGABRT"), "{}", ended.stdout);
    for (_, measurement) in Stored::latest(&lab).unwrap().record.measured() {
        assert!(measurement.counts.operations > 0);
        assert_eq!((measurement.counts.failed, measurement.errors.len()), (0, 0));
    }
}

#[test]
fn every_sudden_end_has_its_name() {
    let arena = Arena::open();
    for (how, name) in [
        ("exit", "plugin-exited"),
        ("segfault", "plugin-crashed:SIGSEGV"),
        ("overflow", "plugin-crashed:SIGABRT"),
        ("allocate", "plugin-out-of-memory"),
    ] {
        let harm = format!("at: execute, how: {how}, workers: 2, after: 5");
        let (lab, ended) = arena.place(&ladder(3, &harm)).finish();
        assert_eq!(ended.code, Some(4), "{how}\n{}\n{}", ended.stdout, ended.stderr);
        assert_eq!(bands(&lab), format!("1 finished, 2 {name}, 3 finished"));
    }
}

#[test]
fn a_plugin_that_crashes_in_every_band_ends_the_run_after_two() {
    let arena = Arena::open();
    let (lab, ended) = arena.place(&ladder(5, "at: execute, how: abort")).finish();
    assert_eq!(ended.code, Some(4), "{}\n{}", ended.stdout, ended.stderr);
    assert_eq!(bands(&lab), "1 plugin-crashed:SIGABRT, 2 plugin-crashed:SIGABRT");
    let warnings = Stored::latest(&lab).unwrap().record.warnings;
    assert!(warnings.iter().any(|warning| warning.id == "run-ended-early"), "{warnings:?}");
}

#[test]
fn a_crash_before_the_first_band_has_its_name() {
    let arena = Arena::open();
    for (at, flag) in [("create", None), ("attach", None), ("setup", Some("--setup"))] {
        let mut place = arena.place(&ladder(3, &format!("at: {at}, how: abort")));
        place.command.args(flag);
        let (_lab, ended) = place.finish();
        ended.refused(4, "plugin-crashed:SIGABRT");
    }
}

/// The only CSV file among the results.
fn exported_csv(lab: &Lab) -> String {
    let files = fs::read_dir(lab.results()).unwrap().map(|entry| entry.unwrap().path());
    let mut files = files.filter(|path| path.extension().is_some_and(|ending| ending == "csv"));
    let path = files.next().unwrap();
    assert_eq!(files.next(), None);
    fs::read_to_string(path).unwrap()
}

/// Rows of a CSV in the form of [`bands`]; a finished band has a throughput, a failed one has none.
fn rendered(rows: &[Vec<(String, String)>]) -> String {
    let bands = rows.iter().map(|row| {
        let fate =
            if cell(row, "status") == "finished" { "finished" } else { cell(row, "failure") };
        assert_eq!(cell(row, "tps").is_empty(), fate != "finished", "{row:?}");
        (cell(row, "band").parse().unwrap(), fate.to_owned())
    });
    text(&bands.collect::<Vec<_>>())
}
