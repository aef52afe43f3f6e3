//! Thresholds held against a record: which bands they are for, and whether these keep them.

use super::{Metric, Scope, Threshold};
use crate::assess::RunAssessment;
use crate::measurement::BandMeasurement;
use crate::record::{BandRecord, RunRecord};

/// What became of a threshold. Without the figures to tell it is missed: an absent figure must not pass a build.
#[derive(Clone, Debug, PartialEq)]
pub struct ThresholdResult {
    pub threshold: Threshold,
    pub passed: bool,
    /// The bands that it is for, in the record's order.
    pub bands: Vec<BandValue>,
    /// Why it cannot be told, if it cannot.
    pub absent: Option<Absent>,
}

/// One size of band under a threshold; bands that repeat a size are one, with the mean of their figures.
#[derive(Clone, Debug, PartialEq)]
pub struct BandValue {
    /// Indexes in the plan, from 1.
    pub bands: Vec<u32>,
    pub workers: u32,
    pub connections: u32,
    /// Arrivals per second of an open loop.
    pub rate: Option<f64>,
    /// In the unit of the metric; absent where a band did not finish or too few operations completed.
    pub value: Option<f64>,
    pub passed: bool,
}

/// Why a threshold cannot be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absent {
    /// No band can be recommended.
    NoRecommendation,
    /// The run has no band of this size.
    NoSuchBand,
    /// A band did not finish, or too few operations completed for this figure.
    NoFigure,
}

impl Absent {
    /// In words, with the next step.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::NoRecommendation => {
                "no band can be recommended, so that there is none to hold it against; name a band, as in \
                 `at 16 workers`"
            }
            Self::NoSuchBand => "the run has no such band; name one that it has",
            Self::NoFigure => {
                "a band did not finish, or completed too few operations for this figure; measure for longer"
            }
        }
    }
}

/// Holds thresholds against a record, in their order.
#[must_use]
pub fn check(
    thresholds: &[Threshold],
    record: &RunRecord,
    analysis: &RunAssessment,
) -> Vec<ThresholdResult> {
    thresholds.iter().map(|threshold| check_one(threshold, record, analysis)).collect()
}

fn check_one(
    threshold: &Threshold,
    record: &RunRecord,
    analysis: &RunAssessment,
) -> ThresholdResult {
    let open_loop = record.header.plan.is_open_loop();
    let recommended = recommended(record, analysis);
    let is_meant = |band: &BandRecord| match &threshold.scope {
        Scope::Recommended if open_loop => true,
        Scope::Recommended => recommended.is_some_and(|best| same_size(band, best)),
        Scope::Every | Scope::Any => true,
        Scope::At { workers, connections, rate } => {
            let asked = band.plan.arrivals.map(|arrivals| arrivals.rate);
            workers.is_none_or(|workers| workers == band.plan.workers)
                && connections.is_none_or(|connections| connections == band.plan.connections)
                && rate.is_none_or(|rate| {
                    asked.is_some_and(|asked| (asked - rate).abs() <= 1e-6 * rate.max(1.0))
                })
        }
    };
    let mut groups: Vec<Vec<&BandRecord>> = Vec::new();
    for band in record.bands.iter().filter(|band| is_meant(band)) {
        match groups.iter_mut().find(|group| same_size(group[0], band)) {
            Some(group) => group.push(band),
            None => groups.push(vec![band]),
        }
    }
    let bands: Vec<BandValue> = groups.iter().map(|group| value(threshold, group)).collect();
    let passed = match threshold.scope {
        Scope::Any => bands.iter().any(|band| band.passed),
        _ => !bands.is_empty() && bands.iter().all(|band| band.passed),
    };
    let absent = match (bands.is_empty(), &threshold.scope) {
        (true, Scope::Recommended) => Some(Absent::NoRecommendation),
        (true, _) => Some(Absent::NoSuchBand),
        (false, Scope::Any) if passed => None,
        (false, _) => bands.iter().any(|band| band.value.is_none()).then_some(Absent::NoFigure),
    };
    ThresholdResult { threshold: threshold.clone(), passed, bands, absent }
}

/// A band of the recommended size.
fn recommended<'a>(record: &'a RunRecord, analysis: &RunAssessment) -> Option<&'a BandRecord> {
    let optimum = analysis.assessment.optimum.as_ref()?;
    let index = analysis.bands.get(optimum.recommended())?.first();
    record.bands.iter().find(|band| band.plan.index == index)
}

fn same_size(left: &BandRecord, right: &BandRecord) -> bool {
    let of = |band: &BandRecord| (band.plan.workers, band.plan.connections, band.plan.arrivals);
    of(left) == of(right)
}

/// A group has one band or more.
fn value(threshold: &Threshold, group: &[&BandRecord]) -> BandValue {
    let values: Option<Vec<f64>> =
        group.iter().map(|band| figure(threshold.metric, band.measurement()?)).collect();
    #[expect(clippy::cast_precision_loss, reason = "repeats are few")]
    let value = values.map(|values| values.iter().sum::<f64>() / values.len() as f64);
    let plan = &group[0].plan;
    BandValue {
        bands: group.iter().map(|band| band.plan.index).collect(),
        workers: plan.workers,
        connections: plan.connections,
        rate: plan.arrivals.map(|arrivals| arrivals.rate),
        value,
        passed: value.is_some_and(|value| threshold.relation.holds(value, threshold.limit)),
    }
}

fn figure(metric: Metric, measurement: &BandMeasurement) -> Option<f64> {
    let response = &measurement.response;
    match metric {
        Metric::P50 => response.quantile_ms(0.5),
        Metric::P90 => response.quantile_ms(0.9),
        Metric::P95 => response.quantile_ms(0.95),
        Metric::P99 => response.quantile_ms(0.99),
        Metric::P999 => response.quantile_ms(0.999),
        Metric::Mean => response.summary().mean_ms,
        Metric::Max => response.summary().max_ms,
        Metric::Tps => measurement.tps(),
        Metric::Errors => measurement.counts.error_rate(),
    }
}
