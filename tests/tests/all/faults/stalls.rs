//! A plugin that never gives its thread back is ended in bounded time, whatever it says meanwhile.

use std::time::{Duration, Instant};

use stormdb_tests::{lab::Lab, live::Told};

use super::arena::{Arena, bands, ladder};

/// The deadline of an operation is a second, the drain takes at most five, ten are the margin; the
/// rest is starting twice and three seconds of bands.
const LIMIT: Duration = Duration::from_secs(45);

/// One test, because the runs spend their time waiting.
#[tokio::test]
async fn an_endless_call_is_ended_and_named() {
    let arena = Arena::open();
    let attempt = async |harm: &str| {
        let began = Instant::now();
        let (lab, told) = arena.place(&ladder(3, harm)).told().await;
        assert_eq!(told.status.code(), Some(4), "{harm}: {}", told.transcript());
        (lab, told, began.elapsed())
    };
    let (looping, chatting, create, attach, check) = tokio::join!(
        attempt("at: execute, how: loop, workers: 2, after: 5"),
        attempt("at: execute, how: chatter, workers: 2, after: 5"),
        attempt("at: create, how: chatter"),
        attempt("at: attach, how: chatter"),
        attempt("at: check, how: chatter"),
    );
    for (lab, _told, took) in [looping, chatting] {
        assert_eq!(bands(&lab), "1 finished, 2 plugin-stalled, 3 finished");
        assert!(took < LIMIT, "{took:?}");
    }
    for (_lab, told, _took) in [create, attach] {
        assert_eq!(told.error().map(|error| error.0), Some("plugin-stalled"));
    }
    let (lab, told, _took) = check;
    keeps_its_bands(&lab, &told);
}

fn keeps_its_bands(lab: &Lab, told: &Told) {
    assert_eq!(bands(lab), "1 finished, 2 finished, 3 finished");
    let warned = told.all("warning").any(|warning| warning["id"] == "plugin-stalled");
    assert!(warned, "{}", told.transcript());
}
