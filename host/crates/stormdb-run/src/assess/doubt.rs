//! What to check before a run is trusted, beyond what the assessment itself doubts.

use std::collections::BTreeSet;

use stormdb_analysis::{
    Error,
    drift::{DRIFT_MIN, Drift, drift},
    holm::holm,
    rank_trend::{mann_kendall, theil_sen},
};

use super::{
    AssessedBand, CONFIDENCE,
    points::{Load, per_second},
};
use crate::{evidence::BandEvidence, record::RunRecord};

/// Operations that must lie beyond a percentile for it to be more than the luck of a few.
pub const BEYOND_PERCENTILE_MIN: f64 = 20.0;

/// Bands from which on their order in time can be mistaken for their load.
const ORDERED_MIN: usize = 3;

/// Runs of repeated bands from which on a trend over the whole run can be told from noise.
const RUNS_MIN: usize = 6;

/// The percentiles that reports show, as a share and as a name.
const PERCENTILES: [(f64, &str); 3] = [(0.95, "p95"), (0.99, "p99"), (0.999, "p99.9")];

/// A reason not to trust a run before it is looked into. Bands by their index in the plan.
#[derive(Clone, Debug, PartialEq)]
pub enum Doubt {
    /// Throughput went on moving from the beginning of a band to its end.
    Drift { band: u32, drift: Drift },
    /// A checkpoint began or was at work while these bands were measured, of as many as have evidence.
    Checkpoint { bands: Vec<u32>, of: usize },
    /// Too few operations lie beyond a percentile.
    FewBeyond { percentile: &'static str, bands: Vec<u32> },
    /// The bands ran from small to large or from large to small, each once, so that what changes with time is taken
    /// for load.
    OrderedByLoad { bands: usize },
    /// The repeats of all bands move together from the beginning of the run to its end: a share of the throughput.
    DriftOverRun { change: f64, p_value: f64, runs: usize },
}

/// The doubts about a record and the bands of it that were assessed.
pub(super) fn doubts(record: &RunRecord, bands: &[AssessedBand]) -> Result<Vec<Doubt>, Error> {
    let mut doubts = drifts(record, bands)?;
    doubts.extend(checkpoints(record));
    doubts.extend(PERCENTILES.into_iter().filter_map(|(share, name)| {
        let is_rough = |n: u64| {
            #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
            let beyond = n as f64 * (1.0 - share);
            n > 0 && beyond < BEYOND_PERCENTILE_MIN
        };
        let rough = record.measured().filter(|(_, found)| is_rough(found.response.count()));
        let bands: Vec<u32> = rough.map(|(band, _)| band.plan.index).collect();
        (!bands.is_empty()).then_some(Doubt::FewBeyond { percentile: name, bands })
    }));
    doubts.extend(order(record));
    doubts.extend(drift_over_run(record, bands)?);
    Ok(doubts)
}

/// One family of tests, so that many bands do not raise a false alarm.
fn drifts(record: &RunRecord, bands: &[AssessedBand]) -> Result<Vec<Doubt>, Error> {
    let mut found: Vec<(u32, Drift)> = Vec::new();
    for run in bands.iter().flat_map(|band| &band.runs) {
        let Some(band) = record.bands.iter().find(|band| band.plan.index == run.band) else {
            continue;
        };
        if let Some(drift) = drift(&per_second(&band.intervals), &run.throughput)? {
            found.push((run.band, drift));
        }
    }
    if found.is_empty() {
        return Ok(Vec::new());
    }
    found.sort_by_key(|(band, _)| *band);
    let p_values: Vec<f64> = found.iter().map(|(_, drift)| drift.p_value).collect();
    let adjusted = holm(&p_values, 1.0 - CONFIDENCE)?;
    let drifting = found.into_iter().zip(adjusted).filter_map(|((band, drift), adjusted)| {
        let drift = Drift { p_value: adjusted.p_value, ..drift };
        (adjusted.reject && drift.change.abs() >= DRIFT_MIN).then_some(Doubt::Drift { band, drift })
    });
    Ok(drifting.collect())
}

fn checkpoints(record: &RunRecord) -> Option<Doubt> {
    let seen = |evidence: &BandEvidence| {
        let counted = evidence.checkpoints.as_ref().map(|found| found.timed + found.requested > 0);
        let mut sampled = evidence.seconds.iter().filter_map(|second| second.checkpoint_samples);
        let at_work = sampled.any(|samples| samples > 0);
        (counted.is_some() || at_work).then_some(counted == Some(true) || at_work)
    };
    let known: Vec<(u32, bool)> = record
        .measured()
        .filter_map(|(band, _)| Some((band.plan.index, seen(band.evidence.as_deref()?)?)))
        .collect();
    let bands: Vec<u32> = known.iter().filter(|(_, seen)| *seen).map(|(band, _)| *band).collect();
    (!bands.is_empty()).then_some(Doubt::Checkpoint { bands, of: known.len() })
}

/// Monotone in time and never repeated.
fn order(record: &RunRecord) -> Option<Doubt> {
    let loads: Vec<Load> = record.measured().map(|(band, _)| Load::of(&band.plan)).collect();
    let distinct: BTreeSet<Load> = loads.iter().copied().collect();
    let ascending = loads.windows(2).all(|pair| pair[0] < pair[1]);
    let descending = loads.windows(2).all(|pair| pair[0] > pair[1]);
    let once = distinct.len() == loads.len();
    (loads.len() >= ORDERED_MIN && once && (ascending || descending))
        .then_some(Doubt::OrderedByLoad { bands: loads.len() })
}

/// The Mann-Kendall test on each run's share of its band's mean, in the order in which they ran: what all loads have
/// in common over time.
fn drift_over_run(record: &RunRecord, bands: &[AssessedBand]) -> Result<Option<Doubt>, Error> {
    let repeated = |index: u32| {
        let band = bands.iter().find(|band| band.runs.len() > 1 && band.run(index).is_some())?;
        Some(band.run(index)?.tps / band.tps)
    };
    let shares: Vec<f64> = record
        .measured()
        .filter_map(|(band, _)| repeated(band.plan.index))
        .filter(|share| share.is_finite())
        .collect();
    if shares.len() < RUNS_MIN {
        return Ok(None);
    }
    #[expect(clippy::cast_precision_loss, reason = "a run has no more than thousands of bands")]
    let places: Vec<f64> = (0..shares.len()).map(|place| place as f64).collect();
    let p_value = mann_kendall(&shares)?.p_value;
    let last = places.last().copied().unwrap_or(0.0);
    let change = theil_sen(&places, &shares)?.slope * last;
    let drifts = p_value <= 1.0 - CONFIDENCE && change.abs() >= DRIFT_MIN;
    Ok(drifts.then_some(Doubt::DriftOverRun { change, p_value, runs: shares.len() }))
}
