//! The verdict on a ladder: gains, regions with their probabilities, the best and the optimal band, the breaking
//! point, and the doubts.

pub mod absent;
pub mod economy;
pub mod fits;
pub mod growth;
pub mod points;
pub mod pooling;
pub mod queueing;
pub mod regions;

mod warnings;

use serde::{Deserialize, Serialize};

use self::absent::Absent;
use self::growth::{Growth, growth};
use self::points::{BandPoint, Constraints};
use self::regions::{Certainty, Inflection, bend, certainty};
use self::warnings::find_warnings;
use crate::Error;
use crate::breakpoint::{BreakReason, breaking_point};
use crate::finite::computed;
use crate::knee::{KneeShape, knee};
use crate::little::{ClosedLoop, LITTLE_TOLERANCE, Little, little};
use crate::optimum::{Confirmation, Optimum, optimum};
use crate::scaling::{BandScaling, EfficiencyClass, Region, regions, scaling};
use crate::warning::Warning;

/// Confidence of the intervals of an assessment.
pub const CONFIDENCE: f64 = 0.95;

/// Distance from the chord below which a throughput curve has no knee.
const KNEE_DISTANCE_MIN: f64 = 0.1;

/// Of the redrawn curves: the same bands always get the same probabilities.
const SEED: u64 = 0x5717_a6db;

/// The findings. Every index is a position in the list that was assessed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    /// One per band, in the order given.
    pub bands: Vec<BandAssessment>,
    /// Why gains, regions, knee and breaking point are absent from every band, if they are.
    pub regions_absent: Option<RegionsAbsent>,
    /// How sure the regions and the optimum are, with one entry per band, in the order given.
    pub certainty: Result<Certainty, Absent>,
    /// Where the curvature changes its sign, by workers; empty without regions.
    pub inflections: Vec<Inflection>,
    pub growth: Result<Growth, Absent>,
    /// Among the bands that keep the constraints; absent when there is none. Bands are compared by workers, then
    /// connections.
    pub optimum: Option<Optimum>,
    pub breaking_point: Option<BrokenBand>,
    /// Where the throughput curve bends most: supporting evidence, as it moves with the range of workers.
    pub knee: Option<usize>,
    pub warnings: Vec<Warning>,
}

/// The findings on one band.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BandAssessment {
    pub workers: u32,
    pub connections: u32,
    pub tps_per_worker: f64,
    pub tps_per_connection: f64,
    /// Throughput gained per worker added since the next smaller band.
    pub marginal_gain: Option<f64>,
    /// The marginal gain as a share of the first one (see [`scaling`]).
    pub relative_gain: Option<f64>,
    pub second_derivative: Option<f64>,
    /// Throughput per worker as a share of the smallest band's.
    pub relative_efficiency: Option<f64>,
    pub efficiency_class: Option<EfficiencyClass>,
    pub region: Option<Region>,
    /// Absent without a mean response time.
    pub little: Option<Little>,
}

/// Why there are no regions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegionsAbsent {
    /// No band finished.
    NoBands,
    /// All bands have the same workers and differ in connections, so there is no gain per worker.
    WorkersConstant,
    /// Several bands have the same workers, as in a grid, so a gain per worker is ambiguous.
    WorkersRepeat,
    /// Operations arrived at a given rate, so that throughput says nothing about workers. Only a caller knows.
    OpenLoop,
}

/// The first band, by workers, that broke.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BrokenBand {
    pub band: usize,
    pub reasons: Vec<BreakReason>,
    /// `ln(R2 / R1) / ln(N2 / N1)` from the next smaller band, on p95: up to about 1 is the queueing of a closed
    /// loop beyond saturation, above it something got worse. Absent for the first band and without both p95.
    pub response_exponent: Option<f64>,
}

/// Assesses finished bands, in any order.
///
/// [`scaling`] and [`breaking_point`] (on p95) need workers that differ from band to band; without them the
/// reason is given and the optimum is still found. A caller that knows why bands cannot be compared by their workers
/// says it in `incomparable`; of an open loop, where throughput was asked for, there is no optimum either. A band
/// that does not keep `constraints` is never recommended. Where intervals are known, a band degrades only beyond
/// twice the error of the difference, which [`scaling`] alone does not ask.
/// Errors: `non_finite`, `not_positive` (workers or connections 0), `negative_throughput`, `invalid_value`
/// (another negative number, an error rate outside 0..1), `overflow`.
pub fn assess(
    points: &[BandPoint],
    constraints: &Constraints,
    incomparable: Option<RegionsAbsent>,
) -> Result<Assessment, Error> {
    for (index, point) in points.iter().enumerate() {
        point.require_usable(index)?;
    }
    constraints.require_usable()?;
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by_key(|&index| (points[index].workers, points[index].connections));
    let ordered: Vec<BandPoint> = order.iter().map(|&index| points[index]).collect();
    let known = regions_absent(&ordered);
    let regions_absent = match (known, incomparable) {
        (Some(RegionsAbsent::NoBands), _) | (_, None) => known,
        (_, Some(RegionsAbsent::OpenLoop)) => Some(RegionsAbsent::OpenLoop),
        (known, incomparable) => known.or(incomparable),
    };
    let absent = regions_absent.map_or(Absent::FewBands, Absent::from);
    let mut assessment = Assessment {
        bands: points.iter().map(BandAssessment::alone).collect::<Result<Vec<_>, _>>()?,
        regions_absent,
        certainty: Err(absent),
        inflections: Vec::new(),
        growth: Err(absent),
        optimum: None,
        breaking_point: None,
        knee: None,
        warnings: Vec::new(),
    };
    if regions_absent != Some(RegionsAbsent::OpenLoop) {
        assessment.optimum = find_optimum(points, &order, constraints);
    }
    if regions_absent.is_none() {
        assessment.compare(&ordered, &order, constraints)?;
    }
    assessment.warnings = find_warnings(points, &order, constraints, &assessment);
    Ok(assessment)
}

impl Assessment {
    /// Adds what the bands show beside each other. `ordered` by workers, at `order` in the list given.
    fn compare(
        &mut self,
        ordered: &[BandPoint],
        order: &[usize],
        constraints: &Constraints,
    ) -> Result<(), Error> {
        let workers: Vec<f64> = ordered.iter().map(|point| f64::from(point.workers)).collect();
        let tps: Vec<f64> = ordered.iter().map(|point| point.tps).collect();
        let errors: Vec<Option<f64>> = ordered.iter().map(BandPoint::standard_error).collect();
        let scaling = scaling(&workers, &tps, None)?;
        let regions = regions(&workers, &tps, &errors);
        for ((&index, band), region) in order.iter().zip(&scaling.bands).zip(regions) {
            self.bands[index].compare(band, region);
        }
        let bends = scaling.curvature_sign_changes.iter().filter_map(|&band| {
            Some(Inflection { band, bend: bend(&workers, &tps, band)?, probability: None })
        });
        self.inflections = bends.collect();
        let certainty = certainty(ordered, constraints, &mut self.inflections, SEED)?;
        for inflection in &mut self.inflections {
            inflection.band = order[inflection.band];
        }
        self.certainty = certainty.map(|mut found| {
            let mut places: Vec<(usize, _)> = order.iter().copied().zip(found.bands).collect();
            places.sort_by_key(|(place, _)| *place);
            found.bands = places.into_iter().map(|(_, band)| band).collect();
            found
        });
        if ordered.len() > 1 {
            self.growth = Ok(growth(ordered, order, SEED)?);
        }
        self.breaking_point = find_break(&workers, ordered, order)?;
        self.knee = knee(&workers, &tps, KneeShape::ConcaveIncreasing, KNEE_DISTANCE_MIN)?
            .at
            .map(|point| order[point.index]);
        Ok(())
    }
}

impl BandAssessment {
    /// What a band shows without its neighbours.
    fn alone(point: &BandPoint) -> Result<Self, Error> {
        let workers = f64::from(point.workers);
        let closed_loop = |mean_response_ms: f64| ClosedLoop {
            throughput: point.tps,
            response_time_s: mean_response_ms / 1000.0,
            think_time_s: 0.0,
            clients: workers,
        };
        let little = point.mean_response_ms.map(|ms| little(closed_loop(ms), LITTLE_TOLERANCE));
        Ok(Self {
            workers: point.workers,
            connections: point.connections,
            tps_per_worker: point.tps / workers,
            tps_per_connection: point.tps / f64::from(point.connections),
            marginal_gain: None,
            relative_gain: None,
            second_derivative: None,
            relative_efficiency: None,
            efficiency_class: None,
            region: None,
            little: little.transpose()?,
        })
    }

    /// Adds what the neighbours show.
    fn compare(&mut self, scaling: &BandScaling, region: Region) {
        self.marginal_gain = scaling.marginal_gain;
        self.relative_gain = scaling.relative_gain;
        self.second_derivative = scaling.second_derivative;
        self.relative_efficiency = scaling.relative_efficiency;
        self.efficiency_class = scaling.efficiency_class;
        self.region = Some(region);
    }
}

fn regions_absent(ordered: &[BandPoint]) -> Option<RegionsAbsent> {
    let (Some(first), Some(last)) = (ordered.first(), ordered.last()) else {
        return Some(RegionsAbsent::NoBands);
    };
    let repeats = ordered.windows(2).any(|pair| pair[0].workers == pair[1].workers);
    match repeats {
        false => None,
        true if first.workers == last.workers => Some(RegionsAbsent::WorkersConstant),
        true => Some(RegionsAbsent::WorkersRepeat),
    }
}

fn find_optimum(
    points: &[BandPoint],
    order: &[usize],
    constraints: &Constraints,
) -> Option<Optimum> {
    let candidates: Vec<usize> =
        order.iter().copied().filter(|&index| points[index].keeps(constraints)).collect();
    let tps: Vec<f64> = candidates.iter().map(|&index| points[index].tps).collect();
    let half_widths: Vec<Option<f64>> =
        (candidates.iter()).map(|&index| Some(points[index].tps_margin?.half_width)).collect();
    let Optimum { best_index, optimal_index, confirmation } = optimum(&tps, &half_widths)?;
    let back = |indices: Vec<usize>| indices.into_iter().map(|index| candidates[index]).collect();
    Some(Optimum {
        best_index: candidates[best_index],
        optimal_index: candidates[optimal_index],
        confirmation: confirmation.map(
            |Confirmation { confirmed_indices, plausible_indices, optimal_confirmed_index }| {
                Confirmation {
                    confirmed_indices: back(confirmed_indices),
                    plausible_indices: back(plausible_indices),
                    optimal_confirmed_index: candidates[optimal_confirmed_index],
                }
            },
        ),
    })
}

fn find_break(
    workers: &[f64],
    ordered: &[BandPoint],
    order: &[usize],
) -> Result<Option<BrokenBand>, Error> {
    let p95_ms: Vec<Option<f64>> = ordered.iter().map(|point| point.p95_ms).collect();
    let error_rate: Vec<f64> = ordered.iter().map(|point| point.error_rate).collect();
    let Some(found) = breaking_point(workers, &p95_ms, &error_rate)? else { return Ok(None) };
    let exponent = found.index.checked_sub(1).and_then(|before| {
        let (slow, fast) = (p95_ms[found.index]?, p95_ms[before]?);
        let growth = workers[found.index] / workers[before];
        (slow > 0.0 && fast > 0.0).then(|| (slow / fast).ln() / growth.ln())
    });
    Ok(Some(BrokenBand {
        band: order[found.index],
        reasons: found.reasons,
        response_exponent: exponent
            .map(|value| computed("the growth of the response time", value))
            .transpose()?,
    }))
}
