//! A plugin that never gives its thread back is ended in bounded time, whatever it says meanwhile.

use std::time::{Duration, Instant};

use super::arena::{Arena, bands, ladder};

/// The deadline of an operation is a second, the drain takes at most five, ten are the margin; the
/// rest is starting twice and three seconds of bands.
const LIMIT: Duration = Duration::from_secs(45);

#[tokio::test]
async fn an_endless_call_stalls_its_band_only() {
    let arena = Arena::open();
    let loops = ["loop", "chatter"].map(|how| {
        let harm = format!("at: execute, how: {how}, workers: 2, after: 5");
        arena.place(&ladder(3, &harm)).told()
    });
    let [first, second] = loops;
    let began = Instant::now();
    let (first, second) = tokio::join!(first, second);
    assert!(began.elapsed() < LIMIT, "{:?}", began.elapsed());
    for (lab, told) in [first, second] {
        assert_eq!(told.status.code(), Some(4), "{}", told.transcript());
        assert_eq!(bands(&lab), "1 finished, 2 plugin-stalled, 3 finished");
    }
}

#[tokio::test]
async fn an_endless_call_outside_of_a_band_ends_the_run() {
    let arena = Arena::open();
    let stalls = ["create", "attach", "check"];
    let [create, attach, check] =
        stalls.map(|at| arena.place(&ladder(3, &format!("at: {at}, how: chatter"))).told());
    let (create, attach, check) = tokio::join!(create, attach, check);
    for (_lab, told) in [&create, &attach, &check] {
        assert_eq!(told.status.code(), Some(4), "{}", told.transcript());
    }
    for (_lab, told) in [&create, &attach] {
        assert!(told.notes.concat().contains("error[plugin-stalled]"), "{}", told.transcript());
    }
    let (lab, told) = check;
    assert_eq!(bands(&lab), "1 finished, 2 finished, 3 finished");
    let warned = told.all("warning").any(|warning| warning["id"] == "plugin-stalled");
    assert!(warned, "{}", told.transcript());
}
