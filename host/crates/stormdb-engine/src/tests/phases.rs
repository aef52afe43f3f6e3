//! Phases, the drain, and stops.

use std::time::Duration;

use stormdb_run::measurement::Phase;
use tokio::{join, time::sleep};

use super::fake::{Act, Connections, Observed, Seen, observe, run, spec};
use crate::{BandSpec, StopSignal};

async fn stopped_after(spec: &BandSpec, milliseconds: u64) -> Observed {
    let stop = StopSignal::new();
    let stopping = async {
        sleep(Duration::from_millis(milliseconds)).await;
        stop.stop();
    };
    let band = observe(spec, Connections::new(), &stop, |_| Act::Succeed(10));
    join!(band, stopping).0
}

#[tokio::test(start_paused = true)]
async fn phases_come_in_order() {
    let with_warmup = BandSpec { warmup: Duration::from_millis(300), ..spec(2, 1) };
    let observed = run(&with_warmup, |_| Act::Succeed(10)).await;
    assert_eq!(observed.phases, [Phase::Connect, Phase::WarmUp, Phase::Measure, Phase::Drain]);
    let observed = run(&spec(2, 1), |_| Act::Succeed(10)).await;
    assert_eq!(observed.phases, [Phase::Connect, Phase::Measure, Phase::Drain]);
}

#[tokio::test(start_paused = true)]
async fn operations_under_way_may_finish_in_the_drain() {
    let began = tokio::time::Instant::now();
    let observed = run(&spec(3, 2), |_| Act::Succeed(10_000)).await;
    let band = observed.result.unwrap().measurement.unwrap();
    // The third worker was ready too, and gets a connection after 10 s.
    assert_eq!((band.counts.operations, band.cancelled_at_drain), (3, 0));
    assert_eq!(observed.intervals.last().map(|it| it.counts.operations), Some(3));
    assert_eq!((band.seconds.round(), began.elapsed().as_secs()), (1.0, 20));
    assert!((band.connection_utilisation - 1.0).abs() < 1e-9);
}

#[tokio::test(start_paused = true)]
async fn operations_that_outlast_the_drain_are_cancelled_and_counted() {
    let spec = BandSpec { drain_limit: Duration::from_secs(2), ..spec(3, 2) };
    let began = tokio::time::Instant::now();
    let observed = run(&spec, |seen| if seen.worker == 0 { Act::Hang } else { Act::Ignore }).await;
    let band = observed.result.unwrap().measurement.unwrap();
    assert_eq!((band.counts.operations, band.counts.failed, band.cancelled_at_drain), (0, 0, 3));
    assert_eq!(observed.log.count("cancel "), 2);
    // One second of grace for the operation that ignores its cancellation.
    assert_eq!(began.elapsed().as_millis() / 100, 40);
}

#[tokio::test(start_paused = true)]
async fn the_grace_of_a_cancelled_operation_may_outlast_everything_else() {
    let spec = BandSpec {
        drain_limit: Duration::from_millis(10),
        deadline: Duration::from_millis(100),
        ..spec(1, 1)
    };
    let began = tokio::time::Instant::now();
    let script = |seen: Seen| match seen.sequence {
        95 => Act::Ignore,
        _ => Act::Succeed(10),
    };
    let band = run(&spec, script).await.result.unwrap().measurement.unwrap();
    assert_eq!((band.counts.operations, band.cancelled_at_drain), (95, 1));
    assert_eq!(began.elapsed().as_millis() / 100, 20);
}

#[tokio::test(start_paused = true)]
async fn a_stop_keeps_what_was_measured() {
    let spec = BandSpec { measure: Duration::from_secs(10), ..spec(1, 1) };
    let observed = stopped_after(&spec, 1505).await;
    let run = observed.result.unwrap();
    let band = run.measurement.unwrap();
    assert!(run.stopped);
    assert!((band.seconds - 1.505).abs() < 1e-9);
    // The operation that ended at 1 s belongs to the second interval, and the one that was under
    // way at the stop finished in the drain.
    assert_eq!(band.counts.operations, 151);
    let intervals =
        observed.intervals.iter().map(|it| (it.start_ms, it.length_ms, it.counts.operations));
    assert_eq!(intervals.collect::<Vec<_>>(), [(0, 1000, 99), (1000, 505, 52)]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_in_the_warm_up_measures_nothing() {
    let spec = BandSpec { warmup: Duration::from_secs(5), ..spec(2, 1) };
    let observed = stopped_after(&spec, 2500).await;
    let run = observed.result.unwrap();
    assert_eq!((run.measurement, run.stopped), (None, true));
    assert_eq!(observed.phases, [Phase::Connect, Phase::WarmUp, Phase::Drain]);
}

#[tokio::test(start_paused = true)]
async fn a_stop_before_the_band_begins_opens_nothing() {
    let stop = StopSignal::new();
    stop.stop();
    let observed = observe(&spec(2, 1), Connections::new(), &stop, |_| Act::Succeed(1)).await;
    let run = observed.result.unwrap();
    assert_eq!((run.measurement, run.stopped), (None, true));
    assert_eq!((observed.phases, observed.log.lines()), (vec![Phase::Connect], vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_stop_in_the_drain_changes_nothing() {
    let stop = StopSignal::new();
    let stopping = async {
        sleep(Duration::from_millis(1500)).await;
        stop.stop();
    };
    let spec = spec(1, 1);
    let band = observe(&spec, Connections::new(), &stop, |_| Act::Succeed(3000));
    let run = join!(band, stopping).0.result.unwrap();
    assert_eq!((run.stopped, run.measurement.unwrap().counts.operations), (false, 1));
}

#[tokio::test(start_paused = true)]
async fn a_stall_leaves_empty_intervals() {
    let spec = BandSpec { measure: Duration::from_secs(4), ..spec(1, 1) };
    let observed =
        run(&spec, |seen| Act::Succeed(if seen.sequence == 50 { 2500 } else { 10 })).await;
    let operations: Vec<_> =
        observed.intervals.iter().map(|it| (it.length_ms, it.counts.operations)).collect();
    assert_eq!(operations, [(1000, 50), (1000, 0), (1000, 0), (1000, 101)]);
}
