//! Retries, deadlines, lost connections, panics: each counted or named.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use expect_test::{Expect, expect};
use stormdb_run::{event::Failure, measurement::BandMeasurement};

use super::fake::{Act, Connections, Observed, Seen, observe, run, spec};
use crate::{
    BandSpec, EngineError, StopSignal, connection::ConnectFailure, spec::RetryPolicy, spec::Weight,
};

fn refused(transient: bool) -> ConnectFailure {
    let message = "no more connections; raise max_connections".to_owned();
    ConnectFailure { id: "target-too-many-connections".to_owned(), message, transient }
}

fn band(observed: Observed) -> BandMeasurement {
    observed.result.unwrap().measurement.unwrap()
}

/// Class, SQLSTATE, count.
fn errors(band: &BandMeasurement) -> Vec<(&str, Option<&str>, u64)> {
    let errors = band.errors.iter();
    errors.map(|it| (it.class.as_str(), it.sqlstate.as_deref(), it.count)).collect()
}

fn check_failure(error: &EngineError, expected: &Expect) {
    let Failure { id, message } = Failure::from(error);
    expected.assert_eq(&format!("{id}\n{message}\n"));
}

/// Every operation is refused with `sqlstate` on its first `times` tries.
fn flaky(
    sqlstate: &'static str,
    times: usize,
) -> (Arc<Mutex<Vec<Seen>>>, impl Fn(Seen) -> Act + Send + Sync) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let script = move |call: Seen| {
        let mut sink = sink.lock().unwrap();
        sink.push(call);
        let tries = sink.iter().filter(|seen| seen.sequence == call.sequence).count();
        if tries <= times { Act::Fail(5, sqlstate) } else { Act::Succeed(10) }
    };
    (seen, script)
}

#[tokio::test(start_paused = true)]
async fn a_retry_repeats_the_same_call_on_the_same_connection() {
    for sqlstate in ["40001", "40P01"] {
        let (seen, script) = flaky(sqlstate, 2);
        let observed = run(&spec(1, 1), script).await;
        assert_eq!(observed.log.count("connect "), 1);
        assert_eq!(observed.log.count("settle "), 150);
        let band = band(observed);
        assert_eq!((band.counts.operations, band.counts.retries), (50, 100));
        assert_eq!((band.counts.failed, band.counts.statements), (0, 50));
        assert_eq!(band.response.summary().min_ms.map(f64::round), Some(20.0));
        for tries in seen.lock().unwrap().chunks(3) {
            assert_eq!((tries[0], tries[1]), (tries[1], tries[2]));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn retries_end_with_the_policy() {
    let (_, script) = flaky("40001", 2);
    let retries = RetryPolicy { max_tries: 2 };
    let band = band(run(&BandSpec { retries, ..spec(1, 1) }, script).await);
    assert_eq!((band.counts.operations, band.counts.failed, band.counts.retries), (0, 100, 100));
    assert_eq!(errors(&band), [("serialization-failure", Some("40001"), 100)]);
    let example = &band.errors[0].example;
    assert!(example.ends_with("`: refused with 40001"), "{example}");
}

#[tokio::test(start_paused = true)]
async fn nothing_is_repeated_on_a_connection_that_was_lost() {
    let observed = run(&spec(1, 1), |_| Act::FailAndLose(100, "40001")).await;
    // No operation begins after the last one, and no connection is needed.
    assert_eq!(observed.log.count("connect "), 10);
    let band = band(observed);
    assert_eq!((band.counts.failed, band.counts.retries), (10, 0));
    assert_eq!(errors(&band), [("serialization-failure", Some("40001"), 10)]);
}

#[tokio::test(start_paused = true)]
async fn other_errors_are_counted_and_not_repeated() {
    let mix = vec![Weight { operation: 0, weight: 1 }, Weight { operation: 1, weight: 1 }];
    let band = band(
        run(&BandSpec { mix, ..spec(1, 1) }, |seen| match (seen.operation, seen.sequence % 2) {
            (1, _) => Act::Succeed(10),
            (_, 0) => Act::Fail(10, "23505"),
            (_, _) => Act::Fail(10, "XX000"),
        })
        .await,
    );
    assert_eq!((band.counts.retries, band.counts.operations + band.counts.failed), (0, 100));
    assert_eq!(band.operations[0].failed, band.counts.failed);
    assert_eq!(band.operations[1].operations, band.counts.operations);
    let mut classes = errors(&band);
    classes.sort_unstable();
    assert!(matches!(
        classes[..],
        [("other", Some("XX000"), 1..), ("unique-violation", Some("23505"), 1..)]
    ));
}

#[tokio::test(start_paused = true)]
async fn an_overdue_operation_is_cancelled_and_its_connection_replaced() {
    let spec = BandSpec { deadline: Duration::from_millis(200), ..spec(1, 1) };
    let first = |seen: Seen, act| if seen.sequence == 0 { act } else { Act::Succeed(10) };

    let observed = run(&spec, move |seen| first(seen, Act::Hang)).await;
    let lines = observed.log.lines();
    assert_eq!(lines[..5], ["connect 0", "cancel 0", "close 0", "connect 1", "settle 1"]);
    let cancelled = band(observed);
    assert_eq!(errors(&cancelled), [("deadline-exceeded", None, 1)]);
    // 200 ms until the deadline, at most 50 ms until it is noticed, 5 ms for the cancellation.
    assert!((75..=80).contains(&cancelled.counts.operations), "{}", cancelled.counts.operations);

    let long = BandSpec { measure: Duration::from_secs(2), ..spec.clone() };
    let observed = run(&long, move |seen| first(seen, Act::Ignore)).await;
    let lines = observed.log.lines();
    assert_eq!(lines[..5], ["connect 0", "cancel 0", "close 0", "connect 1", "settle 1"]);
    let dropped = band(observed);
    assert_eq!(errors(&dropped), [("deadline-exceeded", None, 1)]);
    // One second more for the operation that ignores its cancellation.
    assert!((70..=80).contains(&dropped.counts.operations), "{}", dropped.counts.operations);
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_is_counted_and_replaced() {
    for connections in [1, 3] {
        let script =
            |seen: Seen| if seen.sequence == 9 { Act::Break(10) } else { Act::Succeed(10) };
        let observed = run(&spec(3, connections), script).await;
        assert_eq!(observed.log.count("connect "), 3 + connections as usize);
        let band = band(observed);
        assert_eq!(errors(&band), [("connection-lost", None, 3)]);
        assert!(band.counts.operations >= 97 * u64::from(connections));
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_cannot_be_replaced_fails_the_band() {
    let connections =
        Connections::failing(|number| if number == 0 { Ok(()) } else { Err(refused(true)) });
    let spec = BandSpec {
        measure: Duration::from_secs(60),
        connect_budget: Duration::from_secs(5),
        ..spec(2, 1)
    };
    let began = tokio::time::Instant::now();
    let observed = observe(&spec, connections, &StopSignal::new(), |_| Act::Break(10)).await;
    check_failure(
        &observed.result.unwrap_err(),
        &expect![[r"
            target-too-many-connections
            no more connections; raise max_connections
        "]],
    );
    assert_eq!(began.elapsed().as_secs(), 4);
    // 50, 100, 200, 400 and 800 ms apart, then a second.
    assert_eq!(observed.log.count("connect "), 10);
}

#[tokio::test(start_paused = true)]
async fn the_start_waits_for_connections_that_may_come() {
    let connections =
        Connections::failing(|number| if number < 3 { Err(refused(true)) } else { Ok(()) });
    let observed =
        observe(&spec(2, 2), connections, &StopSignal::new(), |_| Act::Succeed(10)).await;
    assert_eq!(band(observed).counts.operations, 200);
}

#[tokio::test(start_paused = true)]
async fn a_refused_connection_fails_the_band_at_once() {
    let connections =
        Connections::failing(|number| if number == 1 { Err(refused(false)) } else { Ok(()) });
    let observed =
        observe(&spec(2, 2), connections, &StopSignal::new(), |_| Act::Succeed(10)).await;
    assert_eq!(observed.result.unwrap_err().id(), "target-too-many-connections");
    assert_eq!((observed.log.count("connect "), observed.log.count("settle ")), (2, 0));
    assert_eq!(observed.log.count("close "), 1);
}

#[tokio::test(start_paused = true)]
async fn a_panic_names_itself() {
    let observed = run(&spec(4, 2), |seen| {
        if seen.sequence == 5 { Act::Panic("out of ideas") } else { Act::Succeed(10) }
    })
    .await;
    let error = observed.result.unwrap_err();
    assert_eq!(error.id(), "plugin-panicked:execute");
    let message = error.to_string();
    assert!(message.contains("out of ideas") && message.contains("fake.rs:"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_cannot_be_made_fails_the_band() {
    let observed = run(&spec(14, 2), |_| Act::Succeed(10)).await;
    check_failure(
        &observed.result.unwrap_err(),
        &expect![[r"
            plugin-failed:worker
            the plugin failed in `worker` of worker 13: there is no worker 13
        "]],
    );
}

#[tokio::test(start_paused = true)]
async fn a_band_that_cannot_run_is_refused_before_anything_happens() {
    let valid = spec(1, 1);
    let refused = [
        BandSpec { workers: 0, ..valid.clone() },
        BandSpec { measure: Duration::ZERO, ..valid.clone() },
        BandSpec { retries: RetryPolicy { max_tries: 0 }, ..valid.clone() },
        BandSpec { mix: vec![Weight { operation: 2, weight: 1 }], ..valid.clone() },
        BandSpec { mix: vec![Weight { operation: 0, weight: 0 }], ..valid },
    ];
    for spec in refused {
        let observed = run(&spec, |_| Act::Succeed(10)).await;
        assert_eq!(observed.result.unwrap_err().id(), "band-invalid", "{spec:?}");
        assert_eq!(observed.log.lines(), Vec::<String>::new());
    }
}
