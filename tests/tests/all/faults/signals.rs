//! Signals: the first one ends the run in good order, the second one at once; what was measured is kept.

use std::{
    fs,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use stormdb_run::record::Outcome;
use stormdb_tests::{
    lab::Lab,
    live::{Live, Told},
    stored::{Stored, cell, reported},
};

use super::arena::{Arena, bands, timed_ladder};

#[tokio::test]
async fn the_first_signal_keeps_what_the_band_measured_so_far() {
    let arena = Arena::open();
    let attempts = [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)].map(
        async |(signal, code)| {
            let place = arena.place(&timed_ladder(3, "3s", "0s", "wait_ms: 20"));
            let (lab, mut live) = (place.lab, Live::start(place.command));
            live.until("sample", |event| event["band"] == 2).await;
            live.signal(signal);
            (lab, live.end().await, code)
        },
    );
    let [int, term, hup] = attempts;
    let (int, term, hup) = tokio::join!(int, term, hup);
    for (lab, told, code) in [int, term, hup] {
        stopped(&lab, &told, code);
        assert_eq!(bands(&lab), "1 finished, 2 finished");
        let stored = Stored::latest(&lab).unwrap();
        let lengths: Vec<f64> = stored.record.measured().map(|(_, band)| band.seconds).collect();
        assert!((lengths[0] - 3.0).abs() < 0.001, "{lengths:?}");
        assert!((1.0..3.0).contains(&lengths[1]), "{lengths:?}");
        let rows = reported(&lab);
        let statuses: Vec<&str> = rows.iter().map(|row| cell(row, "status")).collect();
        assert_eq!(statuses, ["finished", "finished"]);
    }
}

#[tokio::test]
async fn a_signal_before_anything_was_measured_ends_the_run_as_well() {
    let arena = Arena::open();
    let place = arena.place(&timed_ladder(3, "1s", "2s", "wait_ms: 20"));
    let (lab, mut live) = (place.lab, Live::start(place.command));
    live.until("phase", |event| event["band"] == 2 && event["phase"] == "warm-up").await;
    live.signal(Signal::INT);
    let told = live.end().await;
    stopped(&lab, &told, 130);
    assert_eq!(bands(&lab), "1 finished, 2 stopped");
}

#[tokio::test]
async fn the_second_signal_stops_at_once() {
    let arena = Arena::open();
    // Operations of a minute: the drain would take its five seconds.
    let place = arena.place(
        &timed_ladder(3, "60s", "0s", "wait_ms: 60000")
            .replace("operation_deadline: 1s", "operation_deadline: 70s"),
    );
    let (lab, mut live) = (place.lab, Live::start(place.command));
    live.until("sample", |event| event["band"] == 1).await;
    live.signal(Signal::INT);
    live.until("phase", |event| event["phase"] == "drain").await;
    let began = Instant::now();
    live.signal(Signal::INT);
    let told = live.end().await;
    assert!(began.elapsed() < Duration::from_secs(4), "{:?}", began.elapsed());
    stopped(&lab, &told, 130);
    assert_eq!(bands(&lab), "1 interrupted");
}

/// The code, the reason, the record's end, and files that say the same.
fn stopped(lab: &Lab, told: &Told, code: u8) {
    assert_eq!(told.status.code(), Some(code.into()), "{}", told.transcript());
    let (id, message) = told.error().unwrap();
    assert_eq!(id, "interrupted");
    assert!(message.contains("stormdb report"), "{message}");
    match Stored::latest(lab).unwrap().record.outcome {
        Some(Outcome::Stopped { exit_code, failure }) => {
            assert_eq!((exit_code, failure.id.as_str()), (code, "interrupted"));
        }
        outcome => panic!("{outcome:?}"),
    }
    let files = fs::read_dir(lab.results()).unwrap().count();
    assert_eq!(files, 2, "a CSV and a JSON file");
    assert!(told.stdout.contains("progressive_scaling_results_"), "{}", told.stdout);
}
