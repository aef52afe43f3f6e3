//! A panic of a plugin is a named error in every callback, and the host lives.

use std::collections::BTreeSet;

use super::arena::{Arena, bands, ladder};

#[test]
fn a_panic_in_execute_loses_its_band() {
    let arena = Arena::open();
    for how in ["panic", "panic-twice"] {
        let harm = format!("at: execute, how: {how}, workers: 2, after: 5");
        let (lab, ended) = arena.place(&ladder(3, &harm)).finish();
        assert_eq!(ended.code, Some(4), "{how}\n{}\n{}", ended.stdout, ended.stderr);
        assert_eq!(bands(&lab), "1 finished, 2 plugin-panicked:execute, 3 finished");
    }
}

#[test]
fn a_panic_in_worker_loses_its_band() {
    let arena = Arena::open();
    let (lab, ended) = arena.place(&ladder(3, "at: worker, how: panic, workers: 1")).finish();
    assert_eq!(ended.code, Some(4), "{}\n{}", ended.stdout, ended.stderr);
    assert_eq!(bands(&lab), "1 plugin-panicked:worker, 2 finished, 3 finished");
}

#[test]
fn a_panic_outside_of_a_band_is_named() {
    let arena = Arena::open();
    for (at, flag) in [
        ("create", None),
        ("setup", Some("--setup")),
        ("teardown", Some("--rebuild")),
        ("attach", None),
    ] {
        let mut place = arena.place(&ladder(3, &format!("at: {at}, how: panic")));
        place.command.args(flag);
        let (_lab, ended) = place.finish();
        ended.refused(4, &format!("plugin-panicked:{at}"));
        assert!(ended.stderr.contains("harm was asked for"), "{}", ended.stderr);
        assert!(ended.stderr.contains("harm.rs:"), "{}", ended.stderr);
    }
}

#[test]
fn a_panic_after_the_bands_keeps_them() {
    let arena = Arena::open();
    let (lab, ended) = arena.place(&ladder(3, "at: check, how: panic")).finish();
    assert_eq!(ended.code, Some(4), "{}\n{}", ended.stdout, ended.stderr);
    assert_eq!(bands(&lab), "1 finished, 2 finished, 3 finished");
    assert!(ended.stderr.contains("`check`"), "{}", ended.stderr);

    // Nobody waits for a drop: the guard at the border swallows its panic.
    let (lab, ended) = arena.place(&ladder(3, "at: drop, how: panic")).finish();
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    assert_eq!(bands(&lab), "1 finished, 2 finished, 3 finished");
}

#[test]
fn a_panic_in_describe_is_named() {
    let arena = Arena::open();
    let configuration = ladder(3, "").replace("workload: hostile", "workload: speechless");
    let (_lab, ended) = arena.place(&configuration).finish();
    ended.refused(4, "plugin-panicked:describe");
}

/// Where each callback's panic is tried in this file, or why it is not.
const CALLBACKS: [(&str, &str); 9] = [
    ("describe", "a_panic_in_describe_is_named"),
    ("create", "a_panic_outside_of_a_band_is_named"),
    ("setup", "a_panic_outside_of_a_band_is_named"),
    ("attach", "a_panic_outside_of_a_band_is_named"),
    ("teardown", "a_panic_outside_of_a_band_is_named"),
    ("check", "a_panic_after_the_bands_keeps_them"),
    ("worker", "a_panic_in_worker_loses_its_band"),
    ("execute", "a_panic_in_execute_loses_its_band"),
    ("get_extension", "has no error to return: its panic is an extension that there is not"),
];

#[test]
fn every_callback_of_the_interface_is_tried() {
    let abi = concat!(env!("CARGO_MANIFEST_DIR"), "/../plugin-api/src/abi");
    let source = |file: &str| std::fs::read_to_string(format!("{abi}/{file}")).unwrap();
    let workload = source("workload.rs");
    let methods = workload.lines().filter_map(|line| line.strip_prefix("    fn "));
    let module = source("module.rs");
    let functions = module
        .lines()
        .filter(|line| line.contains("extern \"C\" fn"))
        .filter_map(|line| line.trim().strip_prefix("pub "));
    let name = |line: &str| line.split(['<', '(', ':']).next().unwrap_or_default().to_owned();
    let found: BTreeSet<String> = methods.chain(functions).map(name).collect();
    let tried: BTreeSet<String> = CALLBACKS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(found, tried, "a callback without a test of its panic");
}
