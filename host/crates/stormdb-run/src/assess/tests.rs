//! Records made by hand, and what is found in them.

use serde_json::{Value, json};
use stormdb_analysis::{
    assess::{RegionsAbsent, absent::Absent, queueing::Queueing},
    service_time::ServiceTimeSource,
    steady_mean::SteadyMean,
    warning::Warning,
};

use super::{Constraints, RunAssessment, assess as assess_under, doubt::Doubt};
use crate::{
    config::run_config::{ArrivalProcess, Arrivals},
    event::{Failure, RunEvent},
    evidence::{BandEvidence, CheckpointDelta, MachineUse, RoundTrip},
    latency::LatencyHistogram,
    measurement::{BandMeasurement, Counts, Interval, Phase},
    plan::BandPlan,
    record::{FORMAT_VERSION, RunRecord},
};

fn assess(record: &RunRecord) -> Result<RunAssessment, stormdb_analysis::Error> {
    assess_under(record, &Constraints::default())
}

fn plan(bands: &[(u32, u32)]) -> Value {
    let bands = (1..).zip(bands).map(|(index, (workers, connections))| {
        json!({
            "index": index, "workers": workers, "connections": connections,
            "warmup_seconds": 0.0, "measure_seconds": 60.0, "cooldown_seconds": 0.0,
        })
    });
    json!({
        "strategy": "linear", "bands": bands.collect::<Vec<_>>(), "total_seconds": 0.0,
        "connections_max": 0, "bands_beyond_server": [], "warnings": [],
    })
}

fn record(bands: &[(u32, u32)]) -> RunRecord {
    let header = json!({
        "format_version": FORMAT_VERSION, "id": "20250101-000000",
        "started_at": "2025-01-01T00:00:00+00:00[UTC]", "stormdb_version": "0.1.0",
        "workload": "simple", "scale": 1, "scale_unit": "rows", "seed": 1,
        "configuration": {}, "plan": plan(bands), "server": null, "server_title": "",
        "plugins": [], "machine": {"cores": 1, "memory_bytes": null, "kernel": ""},
    });
    RunRecord::new(serde_json::from_value(header).unwrap())
}

fn begin(record: &mut RunRecord, band: usize) -> BandPlan {
    let plan = record.header.plan.bands[band].clone();
    record.apply(RunEvent::BandStarted { band: plan.clone(), attempt: 1 });
    plan
}

/// A minute of `tps` operations a second, all of which take `response_ms`.
fn finish(record: &mut RunRecord, band: usize, tps: u64, response_ms: u64, failed: u64) {
    let plan = begin(record, band);
    for second in 0..60 {
        let interval = interval(second, 1000, tps + second * 7 % 3);
        record.apply(RunEvent::Interval { band: plan.index, interval });
    }
    let mut response = LatencyHistogram::default();
    (0..tps * 60).for_each(|_| response.record(response_ms * 1_000_000));
    let measurement = Box::new(BandMeasurement {
        seconds: 60.0,
        counts: Counts { operations: tps * 60, failed, ..Counts::default() },
        service: response.clone(),
        response,
        pool_wait: None,
        errors: Vec::new(),
        operations: Vec::new(),
        connection_utilisation: 1.0,
        executors: 1,
        client_cpu_seconds: None,
        peak_rss_bytes: None,
        cancelled_at_drain: 0,
        executor_loads: Vec::new(),
        arrivals: None,
    });
    record.apply(RunEvent::BandFinished { band: plan.index, measurement });
}

fn interval(second: u64, length_ms: u64, operations: u64) -> Interval {
    Interval {
        phase: Phase::Measure,
        start_ms: second * 1000,
        length_ms,
        counts: Counts { operations, ..Counts::default() },
        response: LatencyHistogram::default(),
    }
}

#[test]
fn bands_that_failed_are_left_out_and_the_others_keep_their_index() {
    let mut record = record(&[(1, 1), (2, 2), (4, 4)]);
    finish(&mut record, 0, 100, 10, 0);
    begin(&mut record, 1);
    let failure = Failure { id: "plugin-panicked".to_owned(), message: String::new() };
    record.apply(RunEvent::BandFailed { band: 2, failure });
    finish(&mut record, 2, 400, 10, 0);
    let found = assess(&record).unwrap();
    assert_eq!(found.bands.iter().map(super::AssessedBand::first).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(found.position(3), Some(1));
    assert_eq!(found.assessment.bands[1].marginal_gain, Some(100.0));
}

#[test]
fn a_remnant_of_an_interval_does_not_widen_the_confidence_interval() {
    let mut whole = record(&[(1, 1)]);
    finish(&mut whole, 0, 100, 10, 0);
    let mut with_remnant = whole.clone();
    with_remnant.bands[0].intervals.push(interval(60, 20, 1));
    let steady = |record| match &assess(record).unwrap().bands[0].runs[0].throughput {
        SteadyMean::Steady { half_width, .. } => *half_width,
        other => panic!("{other:?}"),
    };
    assert!((steady(&whole) - steady(&with_remnant)).abs() < 1e-12);
}

#[test]
fn a_grid_is_not_compared_even_before_a_worker_count_repeats() {
    let mut record = record(&[(1, 1), (2, 1), (1, 2), (2, 2)]);
    finish(&mut record, 0, 100, 10, 0);
    finish(&mut record, 1, 150, 13, 0);
    let found = assess(&record).unwrap().assessment;
    assert_eq!(found.regions_absent, Some(RegionsAbsent::WorkersRepeat));
    assert_eq!(found.bands[1].marginal_gain, None);
    assert_eq!(found.bands[1].region, None);
}

#[test]
fn bands_of_an_open_loop_are_not_judged_by_their_workers() {
    let mut record = record(&[(4, 4), (8, 8), (16, 16)]);
    for (band, tps) in [(0, 90), (1, 100), (2, 100)] {
        let process = ArrivalProcess::Poisson;
        record.header.plan.bands[band].arrivals = Some(Arrivals { rate: 100.0, process });
        finish(&mut record, band, tps, 500, 0);
    }
    let found = assess(&record).unwrap().assessment;
    assert_eq!(found.regions_absent, Some(RegionsAbsent::OpenLoop));
    assert_eq!((found.optimum, found.breaking_point, found.knee), (None, None, None));
    assert!(found.bands.iter().all(|band| band.region.is_none() && band.little.is_none()));
    assert_eq!(found.warnings, []);
}

#[test]
fn failed_operations_excuse_too_little_work_in_progress_and_never_too_much() {
    let mismatch = |response_ms, failed| {
        let mut record = record(&[(1, 1)]);
        finish(&mut record, 0, 100, response_ms, failed);
        assess(&record)
            .unwrap()
            .assessment
            .warnings
            .iter()
            .any(|warning| matches!(warning, Warning::LittleMismatch { .. }))
    };
    assert!(!mismatch(10, 0));
    assert!(mismatch(5, 0));
    assert!(!mismatch(5, 1));
    assert!(mismatch(20, 1));
}

fn see(record: &mut RunRecord, band: usize, evidence: BandEvidence) {
    let band = record.bands[band].plan.index;
    record.apply(RunEvent::Evidence { band, evidence: Box::new(evidence) });
}

#[test]
fn repeats_are_one_load_in_the_order_of_workers() {
    let mut record = record(&[(2, 2), (1, 1), (1, 1), (2, 2)]);
    for (band, tps) in [(0, 180), (1, 100), (2, 104), (3, 190)] {
        finish(&mut record, band, tps, 10, 0);
    }
    let found = assess(&record).unwrap();
    assert_eq!(found.bands.iter().map(|band| band.workers).collect::<Vec<_>>(), [1, 2]);
    let runs: Vec<u32> = found.bands[1].runs.iter().map(|run| run.band).collect();
    assert_eq!((runs.as_slice(), found.position(4)), (&[1, 4][..], Some(1)));
    assert!((found.bands[1].tps - 185.0).abs() < 1e-9 && found.bands[1].margin.is_some());
    assert_eq!(found.assessment.regions_absent, None);
}

#[test]
fn the_service_time_is_that_of_a_lone_worker_less_the_round_trips_of_its_statements() {
    let mut record = record(&[(1, 1), (2, 2)]);
    finish(&mut record, 0, 100, 10, 0);
    finish(&mut record, 1, 190, 10, 0);
    let service = |record: &RunRecord| match assess(record).unwrap().queueing.unwrap() {
        Queueing::Closed(found) => (found.service.seconds * 1e6).round(),
        Queueing::Open(_) => panic!("a closed loop"),
    };
    assert!((service(&record) - 10_000.0).abs() < 50.0);
    let round_trip = Some(RoundTrip { p50_seconds: 0.002, n: 30 });
    see(&mut record, 0, BandEvidence { round_trip, ..BandEvidence::default() });
    let alone = service(&record);
    // Without a count of statements, one round trip.
    assert!((alone - 8_000.0).abs() < 50.0, "{alone}");
}

#[test]
fn the_cpu_of_the_server_stands_in_for_a_lone_worker() {
    let mut record = record(&[(4, 4), (8, 8)]);
    finish(&mut record, 0, 100, 40, 0);
    finish(&mut record, 1, 190, 42, 0);
    let machine = MachineUse {
        seconds: 60.0,
        cores: 2,
        backend_cpu_seconds: Some(30.0),
        ..MachineUse::default()
    };
    see(&mut record, 0, BandEvidence { server_machine: Some(machine), ..BandEvidence::default() });
    let Queueing::Closed(found) = assess(&record).unwrap().queueing.unwrap() else {
        panic!("a closed loop");
    };
    assert_eq!(found.service.source, ServiceTimeSource::CpuDemand);
    assert!((found.service.seconds - 0.005).abs() < 1e-9, "{found:?}");
    assert!((found.bottleneck.unwrap().throughput_max - 400.0).abs() < 1e-6, "{found:?}");
}

#[test]
fn checkpoints_are_doubted_where_they_were_seen() {
    let mut record = record(&[(1, 1), (2, 2)]);
    finish(&mut record, 0, 100, 10, 0);
    finish(&mut record, 1, 200, 10, 0);
    let evidence = |timed| BandEvidence {
        checkpoints: Some(CheckpointDelta { timed, ..CheckpointDelta::default() }),
        ..BandEvidence::default()
    };
    see(&mut record, 0, evidence(0));
    assert!(!assess(&record).unwrap().doubts.iter().any(is_checkpoint));
    see(&mut record, 1, evidence(1));
    let expected = Doubt::Checkpoint { bands: vec![2], of: 2 };
    assert!(assess(&record).unwrap().doubts.contains(&expected));
}

fn is_checkpoint(doubt: &Doubt) -> bool {
    matches!(doubt, Doubt::Checkpoint { .. })
}

#[test]
fn percentiles_need_twenty_operations_beyond_them() {
    let mut record = record(&[(1, 1), (2, 2)]);
    finish(&mut record, 0, 30, 10, 0);
    finish(&mut record, 1, 100, 10, 0);
    let rough: Vec<_> = assess(&record)
        .unwrap()
        .doubts
        .into_iter()
        .filter_map(|doubt| match doubt {
            Doubt::FewBeyond { percentile, bands } => Some((percentile, bands)),
            _ => None,
        })
        .collect();
    // 1,800 and 6,000 operations.
    assert_eq!(rough, [("p99", vec![1]), ("p99.9", vec![1, 2])]);
}

#[test]
fn a_band_that_drifts_is_doubted() {
    let mut record = record(&[(1, 1)]);
    finish(&mut record, 0, 1000, 1, 0);
    for (second, interval) in (0..).zip(&mut record.bands[0].intervals) {
        let wave = [0, 30, 10, 45, 20][second % 5];
        interval.counts.operations = 960 + second as u64 + wave;
    }
    let doubts = assess(&record).unwrap().doubts;
    let drift = doubts.iter().find_map(|doubt| match doubt {
        Doubt::Drift { band: 1, drift } => Some(drift.change),
        _ => None,
    });
    assert!(drift.is_some_and(|change| (0.04..0.07).contains(&change)), "{doubts:?}");
}

#[test]
fn the_configuration_in_force_switches_the_curves_off_and_gives_the_cost() {
    let mut record = record(&[(1, 1), (2, 2), (4, 4)]);
    for (band, tps) in [(0, 100), (1, 190), (2, 350)] {
        finish(&mut record, band, tps, 10, 0);
    }
    assert!(assess(&record).unwrap().fits.is_ok());
    record.header.configuration =
        json!({"analysis": false, "cost": {"per_hour": 1.0, "per_connection": 0.5}});
    let found = assess(&record).unwrap();
    assert_eq!(found.fits, Err(Absent::SwitchedOff));
    assert_eq!(found.queueing, Err(Absent::SwitchedOff));
    assert!((found.economy.unwrap().bands[2].per_hour - 3.0).abs() < 1e-12);
}
