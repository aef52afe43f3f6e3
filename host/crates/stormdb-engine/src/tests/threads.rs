//! Several executors on their own threads, in real time.

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Mutex,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread,
    time::Duration,
};

use stormdb_plugin_api::Outcome;
use stormdb_run::measurement::{Counts, Phase};

use super::fake::{Act, Connections, spec, workload};
use crate::{BandEvent, BandSpec, StopSignal, connection::ConnectFailure, run_band};

fn three_executors() -> BandSpec {
    BandSpec { cores: 3, measure: Duration::from_millis(100), ..spec(7, 5) }
}

#[test]
fn workers_and_connections_are_split_over_executors() {
    let seats = Arc::new(Mutex::new(BTreeSet::new()));
    let sink = Arc::clone(&seats);
    let workload = workload(move |seen| {
        let name = thread::current().name().unwrap_or_default().to_owned();
        sink.lock().unwrap().insert((name, seen.worker));
        Act::Succeed(1)
    });
    let connectors = Mutex::new(BTreeMap::new());
    let connector = |executor| {
        let connections = Connections::new();
        connectors.lock().unwrap().insert(executor, connections.log.clone());
        connections
    };
    let mut of_intervals = Counts::default();
    let run = run_band(&three_executors(), &workload, connector, &StopSignal::new(), |event| {
        if let BandEvent::Interval(interval) = event {
            of_intervals.add(&interval.counts);
        }
    });
    let band = run.unwrap().measurement.unwrap();
    assert_eq!((band.executors, of_intervals), (3, band.counts));
    assert!(band.pool_wait.is_some_and(|wait| wait.count() == band.counts.operations));

    let connectors = connectors.into_inner().unwrap();
    let opened: Vec<_> = connectors.values().map(|log| log.count("connect ")).collect();
    assert_eq!(opened, [2, 2, 1]);
    let seats = seats.lock().unwrap();
    let seats: Vec<_> = seats.iter().map(|(thread, worker)| (thread.as_str(), *worker)).collect();
    let [zero, one, two] = ["executor-0", "executor-1", "executor-2"];
    assert_eq!(seats, [(zero, 0), (zero, 1), (zero, 2), (one, 3), (one, 4), (two, 5), (two, 6)]);
}

#[test]
fn operations_that_never_wait_leave_room_for_everything_else() {
    let begun: Arc<Vec<AtomicU32>> = Arc::new((0..7).map(|_| AtomicU32::new(0)).collect());
    let counts = Arc::clone(&begun);
    let workload = workload(move |seen| {
        counts[seen.worker as usize].fetch_add(1, Ordering::Relaxed);
        Act::Return(Outcome::default())
    });
    let mut phases = Vec::new();
    let spec = BandSpec { connections: 7, ..three_executors() };
    let run = run_band(
        &spec,
        &workload,
        |_| Connections::new(),
        &StopSignal::new(),
        |event| {
            if let BandEvent::Phase(phase) = event {
                phases.push(phase);
            }
        },
    );
    let loads = run.unwrap().measurement.unwrap().executor_loads;
    let busy: Vec<_> = loads.iter().map(|load| (load.executor, load.utilisation > 0.0)).collect();
    assert_eq!(busy, [(0, true), (1, true), (2, true)]);
    assert_eq!(phases, [Phase::Connect, Phase::Measure, Phase::Drain]);
    let begun: Vec<_> = begun.iter().map(|count| count.load(Ordering::Relaxed)).collect();
    assert!(begun.iter().all(|&count| count > 0), "{begun:?}");
}

#[test]
fn one_failing_executor_ends_the_others() {
    let workload = workload(|_| Act::Succeed(1));
    let spec = BandSpec { measure: Duration::from_secs(3600), ..three_executors() };
    let tries = AtomicU32::new(0);
    let connector = |executor| {
        tries.fetch_add(1, Ordering::Relaxed);
        Connections::failing(move |_| {
            let message = String::new();
            let id = "target-auth-failed".to_owned();
            if executor == 1 {
                Err(ConnectFailure { id, message, transient: false })
            } else {
                Ok(())
            }
        })
    };
    let error = run_band(&spec, &workload, connector, &StopSignal::new(), drop).unwrap_err();
    assert_eq!(error.id(), "target-auth-failed");
    assert_eq!(tries.into_inner(), 3);
}

#[test]
fn the_panic_is_reported_and_not_its_aftermath() {
    let workload = workload(|seen| match (seen.worker, seen.sequence) {
        (3, 20) => Act::Panic("out of ideas"),
        _ => Act::Return(Outcome::default()),
    });
    let spec = BandSpec { measure: Duration::from_secs(3600), ..three_executors() };
    let connector = |_| Connections::new();
    let error = run_band(&spec, &workload, connector, &StopSignal::new(), drop).unwrap_err();
    assert_eq!(error.id(), "plugin-panicked:execute");
    assert!(error.to_string().contains("out of ideas"), "{error}");
}

#[test]
fn a_stop_from_another_thread_ends_a_long_band() {
    let workload = workload(|_| Act::Succeed(1));
    let spec = BandSpec { measure: Duration::from_secs(3600), ..three_executors() };
    let stop = StopSignal::new();
    let run = run_band(
        &spec,
        &workload,
        |_| Connections::new(),
        &stop,
        |event| {
            if event == BandEvent::Phase(Phase::Measure) {
                let stop = stop.clone();
                thread::spawn(move || stop.stop()).join().unwrap();
            }
        },
    );
    let run = run.unwrap();
    assert!(run.stopped);
    assert!(run.measurement.is_none_or(|band| band.seconds < 3600.0));
}

#[test]
fn a_caller_that_panics_waits_for_nobody() {
    let workload = workload(|_| Act::Succeed(1));
    let spec = BandSpec { measure: Duration::from_secs(3600), ..three_executors() };
    let run = catch_unwind(AssertUnwindSafe(|| {
        run_band(
            &spec,
            &workload,
            |_| Connections::new(),
            &StopSignal::new(),
            |event| {
                assert_ne!(event, BandEvent::Phase(Phase::Measure));
            },
        )
    }));
    assert!(run.is_err());
}
