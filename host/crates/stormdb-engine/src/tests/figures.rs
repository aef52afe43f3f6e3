//! Throughput, latencies and draws, as computed by hand.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use stormdb_plugin_api::Outcome;
use stormdb_run::{
    latency::LatencyHistogram,
    measurement::{BandMeasurement, Counts, Phase},
};

use super::fake::{Act, Observed, Seen, run, spec};
use crate::{BandSpec, pacing::Pacing, spec::Weight};

fn measured(observed: &Observed) -> &BandMeasurement {
    observed.result.as_ref().unwrap().measurement.as_ref().unwrap()
}

/// The latency of all operations, when all of them are nearly the same.
fn constant_ms(latency: &LatencyHistogram) -> Option<f64> {
    let summary = latency.summary();
    let (min, max) = summary.min_ms.zip(summary.max_ms)?;
    (max - min < max * 2e-3).then(|| summary.mean_ms.unwrap().round())
}

#[tokio::test(start_paused = true)]
async fn a_worker_of_10_ms_does_100_operations_per_second() {
    let observed = run(&spec(1, 1), |_| Act::Succeed(10)).await;
    let band = measured(&observed);
    assert_eq!(
        band.counts,
        Counts { operations: 100, statements: 100, rows_read: 100, ..Counts::default() }
    );
    assert_eq!((band.tps(), band.qps()), (Some(100.0), Some(100.0)));
    assert_eq!(constant_ms(&band.response), Some(10.0));
    assert_eq!(constant_ms(&band.service), Some(10.0));
    assert_eq!(band.pool_wait, None);
    assert!((band.connection_utilisation - 1.0).abs() < 1e-9);
    assert_eq!((band.executors, band.cancelled_at_drain), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn eight_workers_on_two_connections_wait_three_times_as_long_as_they_are_served() {
    let spec = BandSpec { warmup: Duration::from_secs(1), ..spec(8, 2) };
    let observed = run(&spec, |_| Act::Succeed(10)).await;
    let band = measured(&observed);
    assert_eq!(band.tps(), Some(200.0));
    assert_eq!(constant_ms(&band.service), Some(10.0));
    assert_eq!(constant_ms(band.pool_wait.as_ref().unwrap()), Some(30.0));
    assert_eq!(constant_ms(&band.response), Some(40.0));
    assert!((band.connection_utilisation - 1.0).abs() < 1e-9);
    assert_eq!(observed.log.count("connect "), 2);
}

#[tokio::test(start_paused = true)]
async fn more_connections_than_workers_are_open_and_idle() {
    let observed = run(&spec(2, 8), |_| Act::Succeed(10)).await;
    let band = measured(&observed);
    assert_eq!((band.counts.operations, band.pool_wait.as_ref()), (200, None));
    assert!((band.connection_utilisation - 0.25).abs() < 1e-9);
    assert_eq!(observed.log.count("connect "), 8);
}

#[tokio::test(start_paused = true)]
async fn think_time_is_between_operations_and_in_no_latency() {
    let pacing = Pacing::ClosedLoop { think: Duration::from_millis(40) };
    let observed = run(&BandSpec { pacing, ..spec(1, 1) }, |_| Act::Succeed(10)).await;
    let band = measured(&observed);
    assert_eq!(band.counts.operations, 20);
    assert_eq!(constant_ms(&band.response), Some(10.0));
    assert!((band.connection_utilisation - 0.2).abs() < 0.01);
}

#[tokio::test(start_paused = true)]
async fn virtual_time_takes_the_place_of_the_clock() {
    let pacing = Pacing::ClosedLoop { think: Duration::from_millis(10) };
    let outcome = Outcome { virtual_ns: 7_000_000, rows_written: 3, ..Outcome::default() };
    let observed = run(&BandSpec { pacing, ..spec(1, 1) }, move |_| Act::Return(outcome)).await;
    let band = measured(&observed);
    assert_eq!(constant_ms(&band.response), Some(7.0));
    assert_eq!((band.counts.rows_written, band.counts.operations), (297, 99));
}

#[tokio::test(start_paused = true)]
async fn nothing_of_the_warm_up_is_measured() {
    let spec = BandSpec { warmup: Duration::from_secs(1), ..spec(3, 3) };
    let began = tokio::time::Instant::now();
    // The last slow operation begins at 910 ms and ends at 1040 ms.
    let observed = run(&spec, move |_| {
        Act::Succeed(if began.elapsed() < Duration::from_secs(1) { 130 } else { 1 })
    })
    .await;
    let band = measured(&observed);
    assert_eq!(constant_ms(&band.response), Some(1.0));
    assert_eq!(band.counts.operations, 3 * 960);
    let operations: Vec<_> = observed
        .intervals
        .iter()
        .map(|it| (it.phase, it.start_ms, it.length_ms, it.counts.operations))
        .collect();
    assert_eq!(operations, [(Phase::WarmUp, 0, 1000, 3 * 7), (Phase::Measure, 0, 1000, 3 * 960)]);
}

#[tokio::test(start_paused = true)]
async fn intervals_and_operations_add_up_to_the_band() {
    let spec = BandSpec {
        warmup: Duration::from_millis(1700),
        measure: Duration::from_millis(5300),
        drain_limit: Duration::from_secs(1),
        deadline: Duration::from_millis(600),
        mix: vec![Weight { operation: 0, weight: 3 }, Weight { operation: 1, weight: 2 }],
        ..spec(13, 5)
    };
    let tries = Arc::new(Mutex::new(0_u64));
    let observed = run(&spec, move |seen| {
        let mut tries = tries.lock().unwrap();
        *tries += 1;
        match (*tries + seen.sequence) % 41 {
            7 => Act::Fail(3, "23505"),
            11 | 12 => Act::Fail(2, "40001"),
            17 => Act::Break(4),
            23 => Act::Hang,
            29 => Act::Ignore,
            31 => Act::Refuse("no row"),
            rest => Act::Succeed(1 + rest % 13),
        }
    })
    .await;
    let band = measured(&observed);

    let mut of_intervals = Counts::default();
    let mut response = LatencyHistogram::default();
    for interval in observed.intervals.iter().filter(|it| it.phase == Phase::Measure) {
        of_intervals.add(&interval.counts);
        response.merge(&interval.response);
    }
    assert_eq!(of_intervals, band.counts);
    assert_eq!(response, band.response);
    let lengths: Vec<_> = observed.intervals.iter().map(|it| it.length_ms).collect();
    assert_eq!(lengths, [1000, 700, 1000, 1000, 1000, 1000, 1000, 300]);

    let succeeded: u64 = band.operations.iter().map(|operation| operation.operations).sum();
    let failed: u64 = band.operations.iter().map(|operation| operation.failed).sum();
    let errors: u64 = band.errors.iter().map(|error| error.count).sum();
    assert_eq!((succeeded, failed), (band.counts.operations, band.counts.failed));
    assert_eq!(errors, band.counts.failed);
    for latency in [&band.response, &band.service, band.pool_wait.as_ref().unwrap()] {
        assert_eq!(latency.count(), band.counts.operations);
    }
    for class in ["unique-violation", "connection-lost", "deadline-exceeded", "workload"] {
        assert!(band.errors.iter().any(|error| error.class == class), "{class}");
    }
    assert!(band.counts.retries > 0);
}

/// The calls of each worker in order.
async fn calls(spec: &BandSpec, delay: fn(Seen) -> u64) -> BTreeMap<u32, Vec<(u32, u64)>> {
    let seen = Arc::new(Mutex::new(BTreeMap::<u32, Vec<_>>::new()));
    let sink = Arc::clone(&seen);
    run(spec, move |call| {
        let mut sink = sink.lock().unwrap();
        let calls = sink.entry(call.worker).or_default();
        assert_eq!(call.sequence, calls.len() as u64);
        calls.push((call.operation, call.seed));
        Act::Succeed(delay(call))
    })
    .await;
    std::mem::take(&mut *seen.lock().unwrap())
}

#[tokio::test(start_paused = true)]
async fn the_seed_alone_decides_what_each_worker_does() {
    let mix = vec![Weight { operation: 0, weight: 1 }, Weight { operation: 1, weight: 1 }];
    let spec = |connections, seed| BandSpec { mix: mix.clone(), seed, ..spec(4, connections) };
    let alone = calls(&spec(4, 1), |_| 10).await;
    let queueing = calls(&spec(1, 1), |seen| 3 + seen.seed % 9).await;
    let reseeded = calls(&spec(4, 2), |_| 10).await;
    for worker in 0..4 {
        let common = queueing[&worker].len().min(alone[&worker].len());
        assert!(common > 20);
        assert_eq!(queueing[&worker][..common], alone[&worker][..common]);
        assert_ne!(reseeded[&worker], alone[&worker]);
        assert_ne!(alone[&worker], alone[&((worker + 1) % 4)]);
    }
}
