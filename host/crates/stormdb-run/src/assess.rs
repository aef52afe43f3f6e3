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
    let mut bands = Vec::new();
    let mut points = Vec::new();
    let mut with_failures = Vec::new();
    for (band, measurement) in record.measured() {
        let Some(tps) = measurement.tps() else { continue };
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
    if repeats_workers(record) {
        withdraw_comparison(&mut assessment);
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

fn withdraw_comparison(assessment: &mut Assessment) {
    if assessment.regions_absent.is_some() {
        return;
    }
    assessment.regions_absent = Some(RegionsAbsent::WorkersRepeat);
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
        mean_response_ms: response.mean_ms,
        p95_ms: response.p95_ms,
        // A band in which nothing ended has no errors either.
        error_rate: measurement.counts.error_rate().unwrap_or(0.0),
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
