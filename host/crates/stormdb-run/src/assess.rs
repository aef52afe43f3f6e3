//! A record as the analysis sees it: every load that was measured a point, its repeats pooled, with the interval that
//! its seconds allow.

use std::collections::{BTreeMap, BTreeSet};

pub use stormdb_analysis::assess::CONFIDENCE;
use stormdb_analysis::{
    Error,
    assess::{
        Assessment, RegionsAbsent, assess as assess_points,
        points::{BandPoint, Constraints, Margin},
        pooling::{PooledMargin, RunMean, pool},
    },
    steady_mean::{SteadyMean, steady_mean},
    warning::Warning,
};

use crate::{
    config::run_config::{ArrivalProcess, Arrivals},
    latency::LatencyHistogram,
    measurement::{BandMeasurement, Counts, Interval},
    plan::BandPlan,
    record::{BandRecord, RunRecord},
};

/// The share of its planned time that a band must have been measured for to be compared.
const ENOUGH: f64 = 0.5;

/// What the analysis finds in a record.
#[derive(Clone, Debug, PartialEq)]
pub struct RunAssessment {
    /// The loads that were assessed, by workers, connections and arrival rate.
    pub bands: Vec<AssessedBand>,
    /// Its positions are positions in `bands`.
    pub assessment: Assessment,
}

/// A load that was measured, once or several times.
#[derive(Clone, Debug, PartialEq)]
pub struct AssessedBand {
    pub workers: u32,
    pub connections: u32,
    /// Absent for a closed loop.
    pub arrivals: Option<Arrivals>,
    /// At least one, in the record's order.
    pub runs: Vec<AssessedRun>,
    /// Mean over the runs of their succeeded operations per second.
    pub tps: f64,
    /// Of `tps`, at [`CONFIDENCE`]; absent when a run was too short or not steady and there are too few others.
    pub margin: Option<PooledMargin>,
}

/// A finished band of the plan that lasted.
#[derive(Clone, Debug, PartialEq)]
pub struct AssessedRun {
    /// Index of the band in the plan, from 1.
    pub band: u32,
    /// Succeeded operations per second over the whole measured phase.
    pub tps: f64,
    /// Succeeded operations per second once steady, with the interval at [`CONFIDENCE`].
    pub throughput: SteadyMean,
}

impl RunAssessment {
    /// Position in `bands` of the load that the band with this index in the plan measured.
    #[must_use]
    pub fn position(&self, band: u32) -> Option<usize> {
        self.bands.iter().position(|assessed| assessed.run(band).is_some())
    }
}

impl AssessedBand {
    /// The index in the plan of its first run.
    #[must_use]
    pub fn first(&self) -> u32 {
        self.runs.first().map_or(0, |run| run.band)
    }

    /// The run of the band with this index in the plan.
    #[must_use]
    pub fn run(&self, band: u32) -> Option<&AssessedRun> {
        self.runs.iter().find(|run| run.band == band)
    }
}

/// Assesses the finished bands of a record, whatever became of the others.
///
/// # Errors
/// The record holds numbers that no run measures, such as 0 workers.
pub fn assess(record: &RunRecord, constraints: &Constraints) -> Result<RunAssessment, Error> {
    let mut loads: BTreeMap<Load, Vec<(&BandRecord, &BandMeasurement)>> = BTreeMap::new();
    for (band, measurement) in record.measured() {
        // A band that a stop cut short is kept, and compared with nothing.
        let lasted = measurement.seconds >= band.plan.measure.as_secs_f64() * ENOUGH;
        if lasted && measurement.tps().is_some() {
            loads.entry(Load::of(&band.plan)).or_default().push((band, measurement));
        }
    }
    let mut bands = Vec::new();
    let mut points = Vec::new();
    for runs in loads.values() {
        let Some((band, point)) = pooled(runs)? else { continue };
        bands.push(band);
        points.push(point);
    }
    let incomparable = if record.header.plan.is_open_loop() {
        Some(RegionsAbsent::OpenLoop)
    } else {
        repeats_workers(record).then_some(RegionsAbsent::WorkersRepeat)
    };
    let mut assessment = assess_points(&points, constraints, incomparable)?;
    let failures: Vec<bool> = loads
        .values()
        .map(|runs| runs.iter().any(|(_, measurement)| measurement.counts.failed > 0))
        .collect();
    // Failed operations are counted and not timed: workers spend time that no response time shows, so that too
    // little work in progress proves nothing. Too much still does.
    assessment.warnings.retain(|warning| match warning {
        Warning::LittleMismatch { band, impossible, .. } => *impossible || !failures[*band],
        _ => true,
    });
    Ok(RunAssessment { bands, assessment })
}

/// What bands must share to be repeats of one another, in the order in which loads grow.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Load {
    workers: u32,
    connections: u32,
    /// The bits of the arrival rate, which order positive rates as the rates themselves; 0 for a closed loop.
    rate: u64,
    constant_arrivals: bool,
}

impl Load {
    fn of(plan: &BandPlan) -> Self {
        Self {
            workers: plan.workers,
            connections: plan.connections,
            rate: plan.arrivals.map_or(0, |arrivals| arrivals.rate.to_bits()),
            constant_arrivals: plan
                .arrivals
                .is_some_and(|arrivals| arrivals.process == ArrivalProcess::Constant),
        }
    }
}

/// Whether the plan meets the same number of workers at different loads. The bands of a grid that finished first may
/// all differ; what is said of them must still hold when the rest has finished.
fn repeats_workers(record: &RunRecord) -> bool {
    let bands = &record.header.plan.bands;
    let workers: BTreeSet<u32> = bands.iter().map(|band| band.workers).collect();
    let loads: BTreeSet<Load> = bands.iter().map(Load::of).collect();
    workers.len() < loads.len()
}

/// One point of all runs of a load; none without runs.
fn pooled(
    runs: &[(&BandRecord, &BandMeasurement)],
) -> Result<Option<(AssessedBand, BandPoint)>, Error> {
    let Some((first, _)) = runs.first() else { return Ok(None) };
    let mut assessed = Vec::new();
    let mut means = Vec::new();
    for (band, measurement) in runs {
        let Some(tps) = measurement.tps() else { continue };
        let throughput = steady_mean(&per_second(&band.intervals), CONFIDENCE)?;
        means.push(RunMean { tps, margin: margin(&throughput) });
        assessed.push(AssessedRun { band: band.plan.index, tps, throughput });
    }
    let Some(mean) = pool(&means)? else { return Ok(None) };
    let BandPlan { workers, connections, arrivals, .. } = first.plan;
    let response = merged(runs, |measurement| &measurement.response).summary();
    let mut counts = Counts::default();
    runs.iter().for_each(|(_, measurement)| counts.add(&measurement.counts));
    let point = BandPoint {
        workers,
        connections,
        tps: mean.tps,
        tps_margin: mean.margin.map(|pooled| pooled.margin),
        // Operations of an open loop wait where no worker is busy with them.
        mean_response_ms: response.mean_ms.filter(|_| arrivals.is_none()),
        p95_ms: response.p95_ms,
        p99_ms: response.p99_ms,
        // A band in which nothing ended has no errors either.
        error_rate: counts.error_rate().unwrap_or(0.0),
    };
    let (tps, margin) = (mean.tps, mean.margin);
    Ok(Some((AssessedBand { workers, connections, arrivals, runs: assessed, tps, margin }, point)))
}

/// The latencies of all runs together.
fn merged(
    runs: &[(&BandRecord, &BandMeasurement)],
    of: fn(&BandMeasurement) -> &LatencyHistogram,
) -> LatencyHistogram {
    let mut all = LatencyHistogram::default();
    runs.iter().for_each(|(_, measurement)| all.merge(of(measurement)));
    all
}

fn margin(throughput: &SteadyMean) -> Option<Margin> {
    match throughput {
        SteadyMean::Steady { half_width, batches, .. } => {
            Some(Margin { half_width: *half_width, freedom: (batches - 1) as f64 })
        }
        SteadyMean::NotSteady { .. } | SteadyMean::TooShort { .. } => None,
    }
}

/// Throughput of the intervals of full length; the last one may be a remnant, which would be noisier than the rest.
fn per_second(intervals: &[Interval]) -> Vec<f64> {
    let full_ms = intervals.first().map_or(0, |first| first.length_ms);
    let mut whole = intervals;
    if let Some((last, before)) = intervals.split_last()
        && last.length_ms < full_ms / 2
    {
        whole = before;
    }
    whole.iter().filter_map(Interval::tps).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use stormdb_analysis::{assess::RegionsAbsent, steady_mean::SteadyMean, warning::Warning};

    use super::{Constraints, RunAssessment, assess as assess_under};
    use crate::{
        config::run_config::{ArrivalProcess, Arrivals},
        event::{Failure, RunEvent},
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
}
