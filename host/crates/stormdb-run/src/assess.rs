//! A record as the analysis sees it: every finished band a point, with the interval that its seconds allow.

use std::collections::BTreeSet;

use stormdb_analysis::{
    Error,
    assess::{Assessment, BandPoint, RegionsAbsent, assess as assess_points},
    steady_mean::{SteadyMean, steady_mean},
    warning::Warning,
};

use crate::{
    measurement::{BandMeasurement, Interval},
    record::{BandRecord, RunRecord},
};

/// Confidence of the intervals of the throughput.
pub const CONFIDENCE: f64 = 0.95;

/// The share of its planned time that a band must have been measured for to be compared.
const ENOUGH: f64 = 0.5;

/// What the analysis finds in a record.
#[derive(Clone, Debug, PartialEq)]
pub struct RunAssessment {
    /// The bands that were assessed, in the record's order.
    pub bands: Vec<AssessedBand>,
    /// Its positions are positions in `bands`.
    pub assessment: Assessment,
}

/// A finished band that lasted.
#[derive(Clone, Debug, PartialEq)]
pub struct AssessedBand {
    /// Index of the band in the plan, from 1.
    pub band: u32,
    /// Succeeded operations per second over the whole measured phase.
    pub tps: f64,
    /// Succeeded operations per second once steady, with the interval at [`CONFIDENCE`].
    pub throughput: SteadyMean,
}

impl RunAssessment {
    /// Position in `bands` of the band with this index in the plan.
    #[must_use]
    pub fn position(&self, band: u32) -> Option<usize> {
        self.bands.iter().position(|assessed| assessed.band == band)
    }
}

/// Assesses the finished bands of a record, whatever became of the others.
///
/// # Errors
/// The record holds numbers that no run measures, such as 0 workers.
pub fn assess(record: &RunRecord) -> Result<RunAssessment, Error> {
    assess_some(record, |_band| true)
}

/// As [`assess`], of some of the bands alone.
pub(crate) fn assess_some(
    record: &RunRecord,
    is_meant: impl Fn(&BandRecord) -> bool,
) -> Result<RunAssessment, Error> {
    let mut bands = Vec::new();
    let mut points = Vec::new();
    let mut with_failures = Vec::new();
    for (band, measurement) in record.measured().filter(|(band, _)| is_meant(band)) {
        let Some(tps) = measurement.tps() else { continue };
        // A band that a stop cut short is kept, and compared with nothing. One that its own rule ended is whole.
        let planned = if band.ending.is_some() { 0.0 } else { band.plan.measure.as_secs_f64() };
        if measurement.seconds < planned * ENOUGH {
            continue;
        }
        let throughput = steady_mean(&per_second(&band.intervals), CONFIDENCE)?;
        points.push(point(band, measurement, tps, &throughput));
        with_failures.push(measurement.counts.failed > 0);
        bands.push(AssessedBand { band: band.plan.index, tps, throughput });
    }
    let mut assessment = assess_points(&points)?;
    // Failed operations are counted and not timed: workers spend time that no response time shows, so that too
    // little work in progress proves nothing. Too much still does.
    assessment.warnings.retain(|warning| match warning {
        Warning::LittleMismatch { band, impossible, .. } => *impossible || !with_failures[*band],
        _ => true,
    });
    if record.header.plan.is_open_loop() {
        withdraw_comparison(&mut assessment, RegionsAbsent::OpenLoop);
        withdraw_optimum(&mut assessment);
    } else if repeats_workers(record) {
        withdraw_comparison(&mut assessment, RegionsAbsent::WorkersRepeat);
    }
    Ok(RunAssessment { bands, assessment })
}

/// Whether the plan meets the same number of workers twice. The bands of a grid that finished first may all differ;
/// what is said of them must still hold when the rest has finished.
fn repeats_workers(record: &RunRecord) -> bool {
    let bands = &record.header.plan.bands;
    let workers: BTreeSet<u32> = bands.iter().map(|band| band.workers).collect();
    workers.len() < bands.len()
}

fn withdraw_comparison(assessment: &mut Assessment, why: RegionsAbsent) {
    let known = assessment.regions_absent;
    if known == Some(RegionsAbsent::NoBands) || (known.is_some() && why != RegionsAbsent::OpenLoop)
    {
        return;
    }
    assessment.regions_absent = Some(why);
    assessment.breaking_point = None;
    assessment.knee = None;
    for band in &mut assessment.bands {
        band.marginal_gain = None;
        band.relative_gain = None;
        band.second_derivative = None;
        band.relative_efficiency = None;
        band.efficiency_class = None;
        band.region = None;
    }
    assessment.warnings.retain(|warning| {
        !matches!(warning, Warning::GainWithinError { .. } | Warning::PoolRatioVaries { .. })
    });
}

/// A throughput that was asked for is no optimum, and the curve of several no peak.
fn withdraw_optimum(assessment: &mut Assessment) {
    assessment.optimum = None;
    assessment.warnings.retain(|warning| {
        !matches!(
            warning,
            Warning::FewBands { .. }
                | Warning::PeakNotReached { .. }
                | Warning::OptimumUncertain { .. }
        )
    });
}

fn point(
    band: &BandRecord,
    measurement: &BandMeasurement,
    tps: f64,
    throughput: &SteadyMean,
) -> BandPoint {
    let response = measurement.response.summary();
    BandPoint {
        workers: band.plan.workers,
        connections: band.plan.connections,
        tps,
        tps_ci_half_width: match throughput {
            SteadyMean::Steady { half_width, .. } => Some(*half_width),
            SteadyMean::NotSteady { .. } | SteadyMean::TooShort { .. } => None,
        },
        // Operations of an open loop wait where no worker is busy with them.
        mean_response_ms: response.mean_ms.filter(|_| band.plan.arrivals.is_none()),
        p95_ms: response.p95_ms,
        // A band in which nothing ended has no errors either.
        error_rate: measurement.counts.error_rate().unwrap_or(0.0),
    }
}

/// Throughput of the intervals of full length; the last one may be a remnant, which would be noisier than the rest.
pub(crate) fn per_second(intervals: &[Interval]) -> Vec<f64> {
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

    use super::assess;
    use crate::{
        config::run_config::{ArrivalProcess, Arrivals},
        event::{Failure, RunEvent},
        latency::LatencyHistogram,
        measurement::{BandMeasurement, Counts, Interval, Phase},
        plan::BandPlan,
        record::{FORMAT_VERSION, RunRecord},
    };

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
        assert_eq!(found.bands.iter().map(|band| band.band).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(found.position(3), Some(1));
        assert_eq!(found.assessment.bands[1].marginal_gain, Some(100.0));
    }

    #[test]
    fn a_remnant_of_an_interval_does_not_widen_the_confidence_interval() {
        let mut whole = record(&[(1, 1)]);
        finish(&mut whole, 0, 100, 10, 0);
        let mut with_remnant = whole.clone();
        with_remnant.bands[0].intervals.push(interval(60, 20, 1));
        let steady = |record| match &assess(record).unwrap().bands[0].throughput {
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
