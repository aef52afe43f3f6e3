//! Operations that arrive on a schedule: what a stall does to their latencies, and what becomes of
//! those that workers are too busy for.

use std::time::Duration;

use stormdb_run::{
    config::run_config::{ArrivalProcess, Arrivals},
    latency::LatencyHistogram,
    measurement::{BandMeasurement, Phase},
};
use tokio::{
    join,
    time::{Instant, sleep},
};

use super::fake::{Act, Connections, Observed, observe, run, spec};
use crate::{BandSpec, StopSignal, pacing::Pacing};

fn measured(observed: &Observed) -> &BandMeasurement {
    observed.result.as_ref().unwrap().measurement.as_ref().unwrap()
}

fn unstarted(band: &BandMeasurement) -> u64 {
    band.arrivals.as_ref().unwrap().unstarted
}

/// The timer of the fake clock has a resolution of a millisecond, so that what is scheduled in the
/// last millisecond of a phase is woken at its end.
const LAST_TICK: u64 = 4;

/// Each worker has its own connection, and an operation takes a millisecond: the peak is 1000 per
/// second and worker.
fn open_loop(workers: u32, rate: f64, process: ArrivalProcess, seconds: u64) -> BandSpec {
    let pacing = Pacing::OpenLoop { arrivals: Arrivals { rate, process } };
    BandSpec { pacing, measure: Duration::from_secs(seconds), ..spec(workers, workers) }
}

fn constant(workers: u32, rate: f64, seconds: u64) -> BandSpec {
    open_loop(workers, rate, ArrivalProcess::Constant, seconds)
}

/// A server that takes a millisecond, and answers nothing from `from` to `to` milliseconds after
/// the start of the band.
fn stalling(from: u64, to: u64) -> impl Fn(super::fake::Seen) -> Act + Send + Sync + 'static {
    let start = Instant::now();
    move |_| {
        let now = u64::try_from(start.elapsed().as_millis()).unwrap();
        Act::Succeed(if (from..to).contains(&now) { to - now + 1 } else { 1 })
    }
}

#[track_caller]
fn assert_near(found: Option<f64>, expected: f64, tolerance: f64) {
    let found = found.unwrap();
    assert!((found / expected - 1.0).abs() <= tolerance, "{found} is not {expected}");
}

/// 2000 operations per second are scheduled for 10 s, and the server stalls for 1 s in the middle.
/// One that is scheduled `x` after the beginning of the stall waits for its rest, `1 - x`, and then
/// for the 2000 `x` before it, of which 12 workers begin 12,000 per second: `1 - 5/6 x` s. The
/// slowest hundredth of the 20,000 are the 200 that were scheduled in the first 0.1 s of the stall,
/// so that the 99th percentile is that of `x` = 0.1: 0.917 s. The 12 operations that the
/// server held are 0.06 % of all, and show in no 99th percentile of the service time.
#[tokio::test(start_paused = true)]
async fn a_stall_of_a_second_is_a_p99_of_nine_tenths_from_the_schedule() {
    let observed = run(&constant(12, 2000.0, 10), stalling(5000, 6000)).await;
    let band = measured(&observed);
    assert_eq!(band.counts.operations + unstarted(band), 20_000);
    assert!(unstarted(band) <= LAST_TICK);
    let (response, service) = (band.response.summary(), band.service.summary());
    assert_near(response.p99_ms, 900.0, 0.03);
    assert_near(response.p99_ms, 916.7, 0.01);
    assert_near(response.max_ms, 1000.0, 0.01);
    assert!(service.p99_ms.unwrap() < 2.1, "{:?}", service.p99_ms);
    assert_near(service.max_ms, 1000.0, 0.01);
}

/// The same server under 12 workers that wait for its answers: the stall is 12 of 108,000
/// operations, and shows in none of the usual percentiles.
#[tokio::test(start_paused = true)]
async fn a_closed_loop_hides_the_same_stall() {
    let spec = BandSpec { measure: Duration::from_secs(10), ..spec(12, 12) };
    let observed = run(&spec, stalling(5000, 6000)).await;
    let band = measured(&observed);
    assert!(band.arrivals.is_none());
    assert!(band.counts.operations.abs_diff(108_000) <= 24);
    assert!(band.response.summary().p999_ms.unwrap() < 2.1);
}

/// The peak of 4 workers is 4000 per second; at a rate of `r` per second, of which the peak is `p`,
/// a stall of 0.5 s delays what is scheduled `x` after its beginning by `0.5 - x (1 - r / p)`,
/// until that is 0 after `0.5 / (1 - r / p)`: 1 s at half of the peak, 5 s at nine tenths. Of the
/// 10 s these are a tenth and a half of all, so that the share `q` of all operations waits longer
/// than `0.5 - 10 q (1 - r / p)`: p99 is 0.45 s and 0.49 s, p95 0.25 s and 0.45 s, the median 0
/// and 0.
#[tokio::test(start_paused = true)]
async fn a_stall_of_half_a_second_at_half_and_at_nine_tenths_of_the_peak() {
    for (rate, p95_ms, p99_ms) in [(2000.0, 250.0, 450.0), (3600.0, 450.0, 490.0)] {
        let observed = run(&constant(4, rate, 10), stalling(2000, 2500)).await;
        let band = measured(&observed);
        let (response, service) = (band.response.summary(), band.service.summary());
        assert_near(response.p95_ms, p95_ms, 0.02);
        assert_near(response.p99_ms, p99_ms, 0.02);
        assert!(service.p99_ms.unwrap() < 2.1);
        assert_near(band.begun_per_second(), rate, 0.005);
        assert!(unstarted(band) <= LAST_TICK);
    }
}

/// 2 workers do 2000 per second of 5000 that arrive: 3000 of each second wait for ever.
#[tokio::test(start_paused = true)]
async fn arrivals_that_no_worker_was_free_for_are_counted_and_begin_in_no_drain() {
    let observed = run(&constant(2, 5000.0, 4), |_| Act::Succeed(1)).await;
    let band = measured(&observed);
    assert_eq!(band.counts.operations + unstarted(band), 20_000);
    assert!(band.counts.operations.abs_diff(8000) <= 10, "{:?}", band.counts);
    assert_near(band.begun_per_second(), 2000.0, 0.005);
    assert_near(band.unstarted_share(), 0.6, 0.005);
    // The one that began last was scheduled at 1.6 s and began at 4 s.
    assert_near(band.response.summary().max_ms, 2400.0, 0.01);
}

#[tokio::test(start_paused = true)]
async fn every_scheduled_operation_is_counted_once_however_it_ends() {
    for process in [ArrivalProcess::Constant, ArrivalProcess::Poisson] {
        let spec = BandSpec {
            warmup: Duration::from_secs(1),
            deadline: Duration::from_millis(300),
            drain_limit: Duration::from_millis(20),
            ..open_loop(5, 400.0, process, 3)
        };
        let spec = BandSpec { connections: 3, ..spec };
        let observed = run(&spec, |seen| match seen.seed % 53 {
            3 => Act::Fail(2, "23505"),
            5 => Act::Break(4),
            7 => Act::Hang,
            rest => Act::Succeed(1 + rest % 13),
        })
        .await;
        let band = measured(&observed);
        let ended = band.counts.operations + band.counts.failed + band.cancelled_at_drain;
        assert_eq!(ended + unstarted(band), 1200, "{process:?}");
        assert!(band.counts.failed > 10 && band.counts.operations > 300, "{:?}", band.counts);
        assert_eq!(band.response.count(), band.counts.operations);
    }
}

/// Operations that 2 workers share a connection for: 5 ms late, 10 ms for the connection, 10 ms
/// served.
#[tokio::test(start_paused = true)]
async fn the_wait_for_a_connection_is_apart_from_the_delay_of_the_worker() {
    // Both workers take an operation at 0 ms, of which one waits 10 ms for the connection; then one
    // connection is free every 10 ms, and 4 of 8 operations a 40 ms are scheduled too many.
    let spec = BandSpec { connections: 1, ..constant(2, 200.0, 1) };
    let observed = run(&spec, |_| Act::Succeed(10)).await;
    let band = measured(&observed);
    let [response, service, wait] =
        [&band.response, &band.service, band.pool_wait.as_ref().unwrap()]
            .map(LatencyHistogram::summary);
    assert_near(service.mean_ms, 10.0, 0.01);
    assert_near(wait.max_ms, 10.0, 0.01);
    assert!(band.counts.operations.abs_diff(101) <= 1, "{:?}", band.counts);
    // The last one was scheduled at half of the second, when one of two began.
    assert_near(response.max_ms, 510.0, 0.03);
}

#[tokio::test(start_paused = true)]
async fn retries_keep_the_scheduled_start() {
    let observed = run(&constant(1, 10.0, 1), |_| Act::Fail(10, "40001")).await;
    let band = measured(&observed);
    assert_eq!((band.counts.failed, band.counts.retries), (10, 20));
    assert_eq!((band.response.count(), unstarted(band)), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn an_operation_belongs_to_the_phase_in_which_it_was_scheduled() {
    let spec = BandSpec { warmup: Duration::from_secs(1), ..constant(1, 1500.0, 1) };
    let observed = run(&spec, |_| Act::Succeed(1)).await;
    let band = measured(&observed);
    // Of the 1500 of the warm-up 500 are begun in the measured phase, and after them 500 of its own.
    assert!(band.counts.operations.abs_diff(500) <= 2, "{:?}", band.counts);
    assert_eq!(band.counts.operations + unstarted(band), 1500);
    assert!(band.response.summary().min_ms.unwrap() > 490.0);
}

#[tokio::test(start_paused = true)]
async fn the_last_arrival_does_not_end_the_band() {
    let began = Instant::now();
    let observed = run(&constant(3, 1.0, 2), |_| Act::Succeed(1)).await;
    assert_eq!(measured(&observed).counts.operations, 2);
    assert_eq!(began.elapsed().as_millis() / 10, 200);
    assert_eq!(observed.phases.last(), Some(&Phase::Drain));
}

/// A stop wakes workers that wait for a scheduled start, and what was due by then and never began
/// is counted.
#[tokio::test(start_paused = true)]
async fn a_stop_counts_what_was_due_by_then() {
    for (rate, begun) in [(0.5, 1), (2000.0, 1500)] {
        let stop = StopSignal::new();
        let stopping = async {
            sleep(Duration::from_millis(1500)).await;
            stop.stop();
        };
        let spec = constant(1, rate, 100);
        let band = observe(&spec, Connections::new(), &stop, |_| Act::Succeed(1));
        let observed = join!(band, stopping).0;
        let band = measured(&observed);
        assert!((band.seconds - 1.5).abs() < 1e-9);
        assert!(band.counts.operations.abs_diff(begun) <= 2, "{:?}", band.counts);
        let due = if rate < 1.0 { 1 } else { 3000 };
        assert!((band.counts.operations + unstarted(band)).abs_diff(due) <= 1);
    }
}

/// Half of 2000 arrivals per second are due between two ticks of the fake clock. A worker that was busy is late by itself, and is not counted.
#[tokio::test(start_paused = true)]
async fn lateness_is_of_workers_that_waited_in_time() {
    let observed = run(&constant(2, 2000.0, 1), |_| Act::Succeed(200)).await;
    let band = measured(&observed);
    let lateness = band.arrivals.as_ref().unwrap().lateness.summary();
    // Only the first two operations found a worker that waited.
    assert!(lateness.n <= 2 && lateness.max_ms.unwrap_or(0.0) <= 1.0, "{lateness:?}");
    assert!(band.response.summary().p50_ms.unwrap() > 100.0);

    let observed = run(&constant(12, 2000.0, 1), |_| Act::Succeed(1)).await;
    let lateness = measured(&observed).arrivals.as_ref().unwrap().lateness.summary();
    assert!(lateness.n > 1990, "{lateness:?}");
    assert!(lateness.max_ms.unwrap() <= 1.0);
}

#[tokio::test(start_paused = true)]
async fn a_rate_that_nothing_arrives_at_is_refused() {
    for rate in [0.0, -1.0, f64::NAN, f64::INFINITY, 0.4] {
        let observed = run(&constant(1, rate, 1), |_| Act::Succeed(1)).await;
        let error = observed.result.unwrap_err().to_string();
        assert!(error.contains("per second arrive in no phase"), "{error}");
    }
}
