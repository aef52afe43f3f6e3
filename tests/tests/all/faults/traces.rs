//! What a plugin leaves behind, changes or claims is found, named, and costs no band that was measured.

use stormdb_tests::stored::Stored;

use super::arena::{Arena, bands, ladder};

#[test]
fn what_is_left_behind_is_named_when_the_workload_has_ended() {
    let arena = Arena::open();
    for (how, id) in [
        ("leak-threads", "plugin-leaked:threads"),
        ("leak-descriptors", "plugin-leaked:fds"),
        ("set-variable", "plugin-tampered-process"),
        ("call-later", "plugin-protocol-violation"),
    ] {
        let harm = format!("at: attach, how: {how}");
        let (lab, ended) = arena.place(&ladder(3, &harm)).finish();
        assert_eq!(ended.code, Some(4), "{how}\n{}\n{}", ended.stdout, ended.stderr);
        assert_eq!(bands(&lab), "1 finished, 2 finished, 3 finished", "{how}");
        let warnings = Stored::latest(&lab).unwrap().record.warnings;
        assert!(warnings.iter().any(|warning| warning.id == id), "{how}: {warnings:?}");
    }
}

#[test]
fn a_text_that_is_none_ends_its_band() {
    let arena = Arena::open();
    for how in ["invalid-text", "long-result"] {
        let harm = format!("at: execute, how: {how}, workers: 2, after: 5");
        let (lab, ended) = arena.place(&ladder(3, &harm)).finish();
        assert_eq!(ended.code, Some(4), "{how}\n{}\n{}", ended.stdout, ended.stderr);
        assert_eq!(bands(&lab), "1 finished, 2 plugin-invalid-output, 3 finished", "{how}");
    }
    let (_lab, ended) = arena.place(&ladder(3, "at: create, how: invalid-text")).finish();
    ended.refused(4, "plugin-invalid-output");
}

#[test]
fn counts_that_cannot_be_are_not_summed() {
    let arena = Arena::open();
    let harm = "at: execute, how: count-many, workers: 2, every: 2";
    let (lab, ended) = arena.place(&ladder(3, harm)).finish();
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    let record = Stored::latest(&lab).unwrap().record;
    for (band, measured) in record.measured() {
        let claimed = measured.errors.iter().find(|error| error.class == "plugin-protocol");
        assert_eq!(claimed.is_some(), band.plan.workers == 2, "{:?}", measured.errors);
        assert_eq!(measured.counts.rows_read, measured.counts.operations);
    }
}
