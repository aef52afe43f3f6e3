//! Records made by hand: closed loops whose figures obey Little's law, with a throughput that varies a little.

use std::time::Duration;

use serde_json::json;
use stormdb_report::model::Report;
use stormdb_run::{
    event::Failure,
    latency::LatencyHistogram,
    measurement::{BandMeasurement, Counts, ErrorTally, ExecutorLoad, Interval, Phase},
    plan::{BandPlan, Purpose, RunPlan},
    record::{
        BandRecord, BandStatus, FORMAT_VERSION, Machine, Outcome, PluginIdentity, RunHeader,
        RunRecord,
    },
};

/// The ladder of the v0.2 documentation: workers, connections, transactions per second.
pub(crate) const DOCUMENTED: [(u32, u32, f64); 6] = [
    (10, 20, 1234.5),
    (14, 28, 1678.3),
    (20, 40, 2156.7),
    (28, 56, 2534.2),
    (40, 80, 2623.1),
    (60, 120, 2591.4),
];

/// A complete run of these bands, each a minute long.
pub(crate) fn run(bands: &[(u32, u32, f64)]) -> RunRecord {
    let mut record = RunRecord::new(header(bands, 60));
    for (plan, &(.., tps)) in record.header.plan.bands.clone().into_iter().zip(bands) {
        record.bands.push(finished(plan, tps));
    }
    record.outcome = Some(Outcome::Complete { exit_code: 0 });
    record
}

/// The record as it was when this many bands had ended.
pub(crate) fn so_far(record: &RunRecord, bands: usize) -> RunRecord {
    let mut record = record.clone();
    record.bands.truncate(bands);
    record.outcome = None;
    record
}

pub(crate) fn report(record: &RunRecord) -> Report<'_> {
    Report::of(record).unwrap()
}

pub(crate) fn header(bands: &[(u32, u32, f64)], seconds: u64) -> RunHeader {
    let bands: Vec<_> = (1..)
        .zip(bands)
        .map(|(index, &(workers, connections, _))| BandPlan {
            index,
            workers,
            connections,
            arrivals: None,
            warmup: Duration::from_secs(5),
            measure: Duration::from_secs(seconds),
            cooldown: Duration::from_secs(2),
            stop: None,
            repeat: 1,
            purpose: Purpose::Planned,
            reason: None,
        })
        .collect();
    RunHeader {
        format_version: FORMAT_VERSION,
        id: "20241215-143022".to_owned(),
        started_at: "2024-12-15T14:30:22+00:00[UTC]".parse().unwrap(),
        stormdb_version: "0.1.0".to_owned(),
        workload: "imdb".to_owned(),
        scale: 1000,
        scale_unit: "movies".to_owned(),
        seed: 42,
        configuration: json!({"target": {"kind": "embedded"}}),
        plan: RunPlan {
            strategy: (bands.len() > 1).then(|| "exponential".to_owned()),
            total: bands.iter().map(BandPlan::length).sum(),
            total_min: None,
            repeats: 1,
            search: None,
            confirm: false,
            connections_max: bands.iter().map(|band| band.connections).max().unwrap_or(0),
            bands,
            server: None,
            bands_beyond_server: Vec::new(),
            paired_alternative: None,
            warnings: Vec::new(),
        },
        server: None,
        server_title: "PostgreSQL 18.4 (embedded)".to_owned(),
        plugins: vec![PluginIdentity {
            name: "stormdb-imdb".to_owned(),
            version: "1.0.0".to_owned(),
            author: "demo".to_owned(),
            key_fingerprint: "SHA256:abc".to_owned(),
            sha256: "00ff".to_owned(),
        }],
        machine: Machine {
            cores: 2,
            memory_bytes: Some(8 * 1024 * 1024 * 1024),
            kernel: "Linux 6.1".to_owned(),
        },
    }
}

/// A band that finished: workers never pause, so that the mean response time is workers / TPS.
pub(crate) fn finished(plan: BandPlan, tps: f64) -> BandRecord {
    let seconds = plan.measure.as_secs();
    let intervals: Vec<_> = (0..seconds).map(|second| interval(&plan, tps, second)).collect();
    let operations = (tps * seconds as f64).round() as u64;
    let service_ns = response_ns(&plan, tps) * f64::from(plan.connections.min(plan.workers))
        / f64::from(plan.workers);
    let queued = plan.connections < plan.workers;
    let measurement = BandMeasurement {
        seconds: seconds as f64,
        counts: Counts {
            operations,
            statements: operations * 2,
            rows_read: operations * 10,
            ..Counts::default()
        },
        response: latencies(operations, response_ns(&plan, tps)),
        service: latencies(operations, service_ns),
        pool_wait: queued.then(|| latencies(operations, response_ns(&plan, tps) - service_ns)),
        errors: Vec::new(),
        operations: Vec::new(),
        connection_utilisation: f64::from(plan.workers.min(plan.connections))
            / f64::from(plan.connections),
        executors: 2,
        client_cpu_seconds: Some(12.5),
        peak_rss_bytes: Some(64 * 1024 * 1024),
        cancelled_at_drain: 0,
        executor_loads: vec![executor_load(0, 0.25), executor_load(1, 0.125)],
        arrivals: None,
    };
    BandRecord {
        plan,
        attempt: 1,
        intervals,
        ending: None,
        status: BandStatus::Finished { measurement: Box::new(measurement) },
        evidence: None,
    }
}

/// An executor that is a tenth of a millisecond late, and once a whole one.
pub(crate) fn executor_load(executor: u32, utilisation: f64) -> ExecutorLoad {
    let mut lag = LatencyHistogram::default();
    (0..1199).for_each(|_| lag.record(100_000));
    lag.record(1_000_000);
    ExecutorLoad { executor, utilisation, lag }
}

pub(crate) fn failed(plan: BandPlan, id: &str, message: &str) -> BandRecord {
    let failure = Failure { id: id.to_owned(), message: message.to_owned() };
    BandRecord {
        plan,
        attempt: 2,
        intervals: Vec::new(),
        status: BandStatus::Failed { failure },
        evidence: None,
        ending: None,
    }
}

/// A second of a band, within 1 % of its throughput.
pub(crate) fn interval(plan: &BandPlan, tps: f64, second: u64) -> Interval {
    let noise = (scrambled(second) % 2001) as f64 / 1000.0 - 1.0;
    let operations = (tps * (1.0 + noise / 100.0)).round() as u64;
    Interval {
        phase: Phase::Measure,
        start_ms: second * 1000,
        length_ms: 1000,
        counts: Counts { operations, ..Counts::default() },
        response: latencies(operations.min(100), response_ns(plan, tps)),
    }
}

/// The finaliser of SplitMix64: neighbouring seconds have nothing to do with one another.
fn scrambled(number: u64) -> u64 {
    let mut bits = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// Adds failed operations of one class to a finished band.
pub(crate) fn add_errors(
    band: &mut BandRecord,
    class: &str,
    sqlstate: Option<&str>,
    count: u64,
    example: &str,
) {
    let BandStatus::Finished { measurement } = &mut band.status else { panic!("no measurement") };
    measurement.counts.failed += count;
    measurement.errors.push(ErrorTally {
        class: class.to_owned(),
        sqlstate: sqlstate.map(str::to_owned),
        count,
        example: example.to_owned(),
    });
}

fn response_ns(plan: &BandPlan, tps: f64) -> f64 {
    f64::from(plan.workers) / tps * 1e9
}

/// This many latencies, evenly from half to one and a half times the mean.
fn latencies(count: u64, mean_ns: f64) -> LatencyHistogram {
    let mut histogram = LatencyHistogram::default();
    for number in 0..count {
        let share = (number as f64 + 0.5) / count as f64;
        histogram.record((mean_ns * (0.5 + share)) as u64);
    }
    histogram
}
