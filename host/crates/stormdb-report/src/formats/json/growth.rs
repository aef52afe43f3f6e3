//! `elasticity`, `region_probabilities` and `inflection_points`: how throughput answers to load, and how sure that is.

use std::collections::BTreeMap;

use serde::Serialize;
use stormdb_analysis::assess::{
    growth::{Growth, Step},
    regions::{BandCertainty, Certainty, Inflection, RegionShare},
};

use super::numbers::{Bounds, significant};
use crate::{figure::Figure, model::Report};

#[derive(Serialize)]
pub(super) struct Elasticity {
    /// The slope of ln(throughput) on ln(workers): one number for the whole curve. Null when a band completed nothing.
    log_log: Option<LogLogSlope>,
    /// Between neighbours by workers.
    steps: Vec<StepRow>,
}

#[derive(Serialize)]
struct LogLogSlope {
    slope: Option<Figure>,
    standard_error: Option<Figure>,
    r_squared: Option<Figure>,
    n: usize,
}

#[derive(Serialize)]
struct StepRow {
    from_band: Option<u32>,
    to_band: Option<u32>,
    gain_tps: Option<Figure>,
    gain_tps_ci95: Option<Bounds>,
    p_value: Option<Figure>,
    /// Corrected for all steps, by Holm's method.
    adjusted_p_value: Option<Figure>,
    /// Null without intervals of both bands.
    significant: Option<bool>,
    elasticity: Option<Figure>,
    elasticity_ci95: Option<Bounds>,
}

#[derive(Serialize)]
pub(super) struct Probabilities {
    /// Redrawn curves that were judged.
    curves: u32,
    bands: Vec<BandProbabilities>,
}

#[derive(Serialize)]
struct BandProbabilities {
    band_number: Option<u32>,
    regions: BTreeMap<&'static str, Figure>,
    /// One region, or the two most probable ones where the first is below 80 %.
    candidates: Vec<&'static str>,
    optimal: Option<Figure>,
}

#[derive(Serialize)]
pub(super) struct InflectionPoint {
    band_number: Option<u32>,
    workers: Option<u32>,
    /// `gains_shrink` or `gains_grow` from here on.
    bend: &'static str,
    /// Null without intervals of all bands.
    probability: Option<Figure>,
    /// Whether it is more than noise: at least 95 % probable.
    confirmed: Option<bool>,
}

impl Elasticity {
    pub(super) fn of(report: &Report<'_>, growth: &Growth) -> Self {
        let log_log = growth.log_log.as_ref().map(|line| LogLogSlope {
            slope: significant(line.slope),
            standard_error: line.standard_error.and_then(significant),
            r_squared: line.r_squared.and_then(significant),
            n: growth.steps.len() + 1,
        });
        Self { log_log, steps: growth.steps.iter().map(|step| StepRow::of(report, step)).collect() }
    }
}

impl StepRow {
    fn of(report: &Report<'_>, step: &Step) -> Self {
        let test = step.test.as_ref();
        Self {
            from_band: band(report, step.from),
            to_band: band(report, step.to),
            gain_tps: significant(step.gain_tps),
            gain_tps_ci95: test.and_then(|test| Bounds::of(test.interval)),
            p_value: test.and_then(|test| significant(test.p_value)),
            adjusted_p_value: test.and_then(|test| significant(test.adjusted_p_value)),
            significant: test.map(|test| test.significant),
            elasticity: step.elasticity.and_then(significant),
            elasticity_ci95: step.elasticity_interval.and_then(Bounds::of),
        }
    }
}

impl Probabilities {
    pub(super) fn of(report: &Report<'_>, certainty: &Certainty) -> Self {
        let rows = certainty.bands.iter().enumerate();
        Self {
            curves: certainty.curves,
            bands: rows
                .map(|(position, found)| BandProbabilities::of(band(report, position), found))
                .collect(),
        }
    }
}

impl BandProbabilities {
    fn of(band_number: Option<u32>, found: &BandCertainty) -> Self {
        let share =
            |share: &RegionShare| Some((share.region.name(), significant(share.probability)?));
        Self {
            band_number,
            regions: found.regions.iter().filter_map(share).collect(),
            candidates: found.candidates().iter().map(|share| share.region.name()).collect(),
            optimal: significant(found.optimal),
        }
    }
}

impl InflectionPoint {
    pub(super) fn of(report: &Report<'_>, found: &Inflection) -> Self {
        Self {
            band_number: band(report, found.band),
            workers: report.analysis.bands.get(found.band).map(|band| band.workers),
            bend: found.bend.name(),
            probability: found.probability.and_then(significant),
            confirmed: found.is_confirmed(),
        }
    }
}

fn band(report: &Report<'_>, position: usize) -> Option<u32> {
    report.analysis.first_band(position)
}
