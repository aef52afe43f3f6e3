//! A record as the analysis sees it: every load that was measured a point, its repeats pooled, with the interval that
//! its seconds allow.

pub mod bottleneck;
pub mod doubt;

mod points;
mod queueing;

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
pub use stormdb_analysis::assess::CONFIDENCE;
use stormdb_analysis::{
    Error,
    assess::{
        Assessment, RegionsAbsent,
        absent::Absent,
        assess as assess_points,
        economy::{Cost, Economy, economy},
        fits::{Fits, fits},
        points::{BandPoint, Constraints},
        pooling::PooledMargin,
        queueing::Queueing,
    },
    steady_mean::SteadyMean,
    warning::Warning,
};

pub(crate) use self::points::per_second;
use self::{
    bottleneck::RunLimits,
    doubt::{Doubt, doubts},
    points::{Load, Measured, pooled},
    queueing::expectations,
};
use crate::{
    config::run_config::Arrivals,
    record::{BandRecord, RunRecord},
};

/// The share of its planned time that a band must have been measured for to be compared.
const ENOUGH: f64 = 0.5;

/// What the analysis finds in a record.
#[derive(Clone, Debug, PartialEq)]
pub struct RunAssessment {
    /// The loads that were assessed, by workers, connections and arrival rate.
    pub bands: Vec<AssessedBand>,
    /// What was assessed: one per band.
    pub points: Vec<BandPoint>,
    /// Its positions are positions in `bands`, as are those of all that follows.
    pub assessment: Assessment,
    pub fits: Result<Fits, Absent>,
    pub queueing: Result<Queueing, Absent>,
    pub economy: Result<Economy, Absent>,
    /// What to check before the run is trusted, beside the assessment's warnings.
    pub doubts: Vec<Doubt>,
    /// What limits each band.
    pub limits: RunLimits,
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

    /// Index in the plan of the first run of the load at a position of `bands`.
    #[must_use]
    pub fn first_band(&self, position: usize) -> Option<u32> {
        self.bands.get(position).map(AssessedBand::first)
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
    assess_some(record, constraints, |_band| true)
}

/// As [`assess`], of some of the bands alone.
pub(crate) fn assess_some(
    record: &RunRecord,
    constraints: &Constraints,
    is_meant: impl Fn(&BandRecord) -> bool,
) -> Result<RunAssessment, Error> {
    let mut loads: BTreeMap<Load, Vec<Measured<'_>>> = BTreeMap::new();
    for (band, measurement) in record.measured().filter(|(band, _)| is_meant(band)) {
        // A band that a stop cut short is kept, and compared with nothing. One that its own rule ended is whole.
        let planned = if band.ending.is_some() { 0.0 } else { band.plan.measure.as_secs_f64() };
        let lasted = measurement.seconds >= planned * ENOUGH;
        if lasted && measurement.tps().is_some() {
            loads.entry(Load::of(&band.plan)).or_default().push((band, measurement));
        }
    }
    let mut bands = Vec::new();
    let mut points = Vec::new();
    let mut runs_of = Vec::new();
    for runs in loads.values() {
        let Some((band, point)) = pooled(runs)? else { continue };
        bands.push(band);
        points.push(point);
        runs_of.push(runs.as_slice());
    }
    let incomparable = if record.header.plan.is_open_loop() {
        Some(RegionsAbsent::OpenLoop)
    } else {
        repeats_workers(record).then_some(RegionsAbsent::WorkersRepeat)
    };
    let mut assessment = assess_points(&points, constraints, incomparable)?;
    // Failed operations are counted and not timed: workers spend time that no response time shows, so that too
    // little work in progress proves nothing. Too much still does.
    let fails = |band: usize| runs_of[band].iter().any(|(_, found)| found.counts.failed > 0);
    assessment.warnings.retain(|warning| match warning {
        Warning::LittleMismatch { band, impossible, .. } => *impossible || !fails(*band),
        _ => true,
    });
    let switched_off = setting::<bool>(record, "analysis") == Some(false);
    let (fits, queueing) = if switched_off {
        (Err(Absent::SwitchedOff), Err(Absent::SwitchedOff))
    } else {
        (
            fits(&points, constraints, assessment.regions_absent)?,
            expectations(&bands, &runs_of, &assessment)?,
        )
    };
    let economy = match setting::<Cost>(record, "cost") {
        Some(cost) => economy(&points, cost)?,
        None => Err(Absent::NoCost),
    };
    let doubts = doubts(record, &bands)?;
    let limits = RunLimits::of(record, &bands, &assessment)?;
    Ok(RunAssessment { bands, points, assessment, fits, queueing, economy, doubts, limits })
}

/// A value of the configuration that was in force; absent in records that are older than its key.
fn setting<T: DeserializeOwned>(record: &RunRecord, key: &str) -> Option<T> {
    T::deserialize(record.header.configuration.get(key)?).ok()
}

/// Whether the plan meets the same number of workers at different loads. The bands of a grid that finished first may
/// all differ; what is said of them must still hold when the rest has finished.
fn repeats_workers(record: &RunRecord) -> bool {
    let bands = &record.header.plan.bands;
    let workers: BTreeSet<u32> = bands.iter().map(|band| band.workers).collect();
    let loads: BTreeSet<Load> = bands.iter().map(Load::of).collect();
    workers.len() < loads.len()
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
