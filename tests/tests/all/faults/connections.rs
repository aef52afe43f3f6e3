//! Connections that a plugin misuses, and a server that leaves.

use stormdb_run::{evidence::BandEvidence, measurement::BandMeasurement, record::BandStatus};
use stormdb_tests::{lab::Lab, live::Live, stored::Stored};

use super::arena::{Arena, bands, ladder, timed_ladder};

#[tokio::test]
async fn what_an_operation_leaves_open_does_not_reach_the_next() {
    let arena = Arena::open();
    let attempts = [
        ("leave-open", None),
        ("leave-open-and-fail", Some("workload")),
        ("leave-aborted", None),
        ("leave-copy", None),
        ("break-connection", Some("connection-lost")),
    ]
    .map(async |(how, class)| {
        // Every other operation does harm, the ones between look whether they can tell.
        let harm = format!("at: execute, how: {how}, every: 2, workers: 1");
        let (lab, told) = arena.place(&ladder(3, &harm)).told().await;
        assert_eq!(told.status.code(), Some(0), "{how}: {}", told.transcript());
        assert_eq!(bands(&lab), "1 finished, 2 finished, 3 finished", "{how}");
        let band = measured(&lab, 1);
        let classes: Vec<_> = band.errors.iter().map(|error| error.class.as_str()).collect();
        assert_eq!(classes, Vec::from_iter(class), "{how}: {:?}", band.errors);
        assert!(band.counts.operations > 5, "{how}: {:?}", band.counts);
        // One of two fails where the harm is an error, never both.
        assert!(band.counts.failed <= band.counts.operations + 1, "{how}: {:?}", band.counts);
    });
    let [open, fail, aborted, copy, broken] = attempts;
    tokio::join!(open, fail, aborted, copy, broken);
}

#[tokio::test]
async fn a_restart_of_the_server_costs_errors_and_no_band() {
    let arena = Arena::open();
    let place = arena.place(&timed_ladder(3, "6s", "0s", "wait_ms: 20"));
    let (lab, mut live) = (place.lab, Live::start(place.command));
    live.until("sample", |event| event["band"] == 2).await;
    arena.server.restart();
    let told = live.end().await;
    assert_eq!(told.status.code(), Some(0), "{}", told.transcript());
    assert_eq!(bands(&lab), "1 finished, 2 finished, 3 finished");

    let band = measured(&lab, 2);
    let lost = band.errors.iter().filter(|error| error.class == "connection-lost");
    assert!(lost.map(|error| error.count).sum::<u64>() >= 2, "{:?}", band.errors);
    let last = intervals(&lab, 2).pop().unwrap();
    assert!(last > 0, "no operation in the last second of the band");
    assert_eq!(measured(&lab, 3).counts.failed, 0);

    // What is known of the server's waits is kept; what its counters gained is not known.
    let seen = evidence(&lab, 2);
    assert!(seen.seconds.len() >= 3, "{:?}", seen.seconds);
    assert!(seen.database.is_none() && seen.wal.is_none(), "{seen:?}");
    assert_eq!(seen.absent["database"], "the server restarted while the band ran");
    let seen = evidence(&lab, 3);
    assert!(seen.database.is_some(), "{:?}", seen.absent);
}

#[tokio::test]
async fn a_server_that_stays_away_ends_the_run_and_keeps_its_bands() {
    let arena = Arena::open();
    let place = arena.place(&timed_ladder(3, "2s", "0s", "wait_ms: 20"));
    let (lab, mut live) = (place.lab, Live::start(place.command));
    live.until("sample", |event| event["band"] == 2).await;
    arena.server.stop();
    let told = live.end().await;
    assert_eq!(told.status.code(), Some(5), "{}", told.transcript());
    let bands = bands(&lab);
    assert!(bands.starts_with("1 finished, 2 "), "{bands}");
    let failures: Vec<_> = told.all("band-failed").collect();
    assert_eq!(failures.len(), 1, "{bands}");
    assert_eq!(failures[0]["id"], "target-unreachable", "{failures:?}");
}

fn evidence(lab: &Lab, index: u32) -> BandEvidence {
    let record = Stored::latest(lab).unwrap().record;
    let band = record.bands.into_iter().find(|band| band.plan.index == index).unwrap();
    *band.evidence.unwrap()
}

fn measured(lab: &Lab, index: u32) -> BandMeasurement {
    let record = Stored::latest(lab).unwrap().record;
    let band = record.bands.into_iter().find(|band| band.plan.index == index).unwrap();
    match band.status {
        BandStatus::Finished { measurement } => *measurement,
        status => panic!("{status:?}"),
    }
}

/// Operations that succeeded, second by second.
fn intervals(lab: &Lab, index: u32) -> Vec<u64> {
    let record = Stored::latest(lab).unwrap().record;
    let band = record.bands.into_iter().find(|band| band.plan.index == index).unwrap();
    band.intervals.iter().map(|interval| interval.counts.operations).collect()
}
