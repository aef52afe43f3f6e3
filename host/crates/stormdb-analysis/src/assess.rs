//! The verdict on a ladder: gains, regions, the best and the optimal band, the breaking point, and the doubts.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::breakpoint::{BreakReason, ERROR_RATE_MAX, breaking_point};
use crate::finite::{computed, require_finite_value};
use crate::knee::{KneeShape, knee};
use crate::little::{ClosedLoop, LITTLE_TOLERANCE, Little, little};
use crate::optimum::{Confirmation, Optimum, optimum};
use crate::scaling::{BandScaling, EfficiencyClass, Region, scaling};
use crate::warning::Warning;

/// Distance from the chord below which a throughput curve has no knee.
const KNEE_DISTANCE_MIN: f64 = 0.1;

/// What one finished band measured. Bands that failed are left out of the list.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BandPoint {
    pub workers: u32,
    pub connections: u32,
    /// Completed transactions per second.
    pub tps: f64,
    /// Of the confidence interval of `tps`; absent when the band was too short or not steady.
    pub tps_ci_half_width: Option<f64>,
    /// Mean milliseconds from asking to the answer, the wait for a connection included; absent when workers pause
    /// between operations or nothing completed.
    pub mean_response_ms: Option<f64>,
    /// Absent when nothing completed.
    pub p95_ms: Option<f64>,
    /// Failed over attempted operations, 0 to 1.
    pub error_rate: f64,
}

/// The findings. Every index is a position in the list that was assessed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Assessment {
    /// One per band, in the order given.
    pub bands: Vec<BandAssessment>,
    /// Why gains, regions, knee and breaking point are absent from every band, if they are.
    pub regions_absent: Option<RegionsAbsent>,
    /// Among the bands that completed something with few errors; absent when there is none. Bands are compared
    /// by workers, then connections.
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
    /// Several bands have the same workers (a grid, or a repeated band), so a gain per worker is ambiguous.
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
/// reason is given and the optimum is still found. A band with more than 5 % errors is never recommended.
/// Errors: `non_finite`, `not_positive` (workers or connections 0), `negative_throughput`, `invalid_value`
/// (another negative number, an error rate outside 0..1), `overflow`.
pub fn assess(points: &[BandPoint]) -> Result<Assessment, Error> {
    for (index, point) in points.iter().enumerate() {
        point.require_usable(index)?;
    }
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by_key(|&index| (points[index].workers, points[index].connections));
    let ordered: Vec<BandPoint> = order.iter().map(|&index| points[index]).collect();

    let mut bands = points.iter().map(BandAssessment::alone).collect::<Result<Vec<_>, _>>()?;
    let mut assessment = Assessment {
        bands: Vec::new(),
        regions_absent: regions_absent(&ordered),
        optimum: find_optimum(points, &order),
        breaking_point: None,
        knee: None,
        warnings: Vec::new(),
    };
    if assessment.regions_absent.is_none() {
        let workers: Vec<f64> = ordered.iter().map(|point| f64::from(point.workers)).collect();
        let tps: Vec<f64> = ordered.iter().map(|point| point.tps).collect();
        let scaling = scaling(&workers, &tps, None)?;
        for (&index, band) in order.iter().zip(&scaling.bands) {
            bands[index].compare(band);
        }
        assessment.breaking_point = find_break(&workers, &ordered, &order)?;
        assessment.knee = knee(&workers, &tps, KneeShape::ConcaveIncreasing, KNEE_DISTANCE_MIN)?
            .at
            .map(|point| order[point.index]);
    }
    assessment.bands = bands;
    assessment.warnings = find_warnings(points, &order, &assessment);
    Ok(assessment)
}

impl BandPoint {
    fn require_usable(&self, index: usize) -> Result<(), Error> {
        let place = |what: &str| format!("bands[{index}].{what}");
        if self.workers == 0 {
            return Err(Error::NotPositive { what: place("workers") });
        }
        if self.connections == 0 {
            return Err(Error::NotPositive { what: place("connections") });
        }
        require_finite_value(&place("tps"), self.tps)?;
        if self.tps < 0.0 {
            return Err(Error::NegativeThroughput { index, value: self.tps });
        }
        let optional = [
            ("tps_ci_half_width", self.tps_ci_half_width),
            ("mean_response_ms", self.mean_response_ms),
            ("p95_ms", self.p95_ms),
        ];
        for (what, value) in optional {
            let Some(value) = value else { continue };
            require_finite_value(&place(what), value)?;
            if value < 0.0 {
                return Err(Error::InvalidValue {
                    place: place(what),
                    value,
                    allowed: "0 or more",
                });
            }
        }
        require_finite_value(&place("error_rate"), self.error_rate)?;
        if (0.0..=1.0).contains(&self.error_rate) {
            return Ok(());
        }
        Err(Error::InvalidValue {
            place: place("error_rate"),
            value: self.error_rate,
            allowed: "a fraction from 0 to 1",
        })
    }

    fn can_be_recommended(&self) -> bool {
        self.tps > 0.0 && self.error_rate <= ERROR_RATE_MAX
    }

    /// Connections per worker, with `rounding` more connections and fewer workers; infinite without workers.
    fn pool_ratio(&self, rounding: f64) -> f64 {
        (f64::from(self.connections) + rounding) / (f64::from(self.workers) - rounding)
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
    fn compare(&mut self, scaling: &BandScaling) {
        self.marginal_gain = scaling.marginal_gain;
        self.relative_gain = scaling.relative_gain;
        self.second_derivative = scaling.second_derivative;
        self.relative_efficiency = scaling.relative_efficiency;
        self.efficiency_class = scaling.efficiency_class;
        self.region = Some(scaling.region);
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

fn find_optimum(points: &[BandPoint], order: &[usize]) -> Option<Optimum> {
    let candidates: Vec<usize> =
        order.iter().copied().filter(|&index| points[index].can_be_recommended()).collect();
    let tps: Vec<f64> = candidates.iter().map(|&index| points[index].tps).collect();
    let half_widths: Vec<Option<f64>> =
        candidates.iter().map(|&index| points[index].tps_ci_half_width).collect();
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

fn find_warnings(points: &[BandPoint], order: &[usize], assessment: &Assessment) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut warn_of = |found: Vec<usize>, warning: fn(Vec<usize>) -> Warning| {
        if !found.is_empty() {
            warnings.push(warning(found));
        }
    };
    let bands_where = |test: fn(&BandPoint) -> bool| -> Vec<usize> {
        (0..points.len()).filter(|&index| test(&points[index])).collect()
    };
    warn_of(bands_where(|point| point.tps <= 0.0), |bands| Warning::NoThroughput { bands });
    warn_of(bands_where(|point| point.tps_ci_half_width.is_none()), |bands| Warning::NoInterval {
        bands,
    });
    warn_of(bands_where(|point| point.connections < point.workers), |bands| {
        Warning::PoolSmallerThanWorkers { bands }
    });
    if (1..3).contains(&points.len()) {
        warnings.push(Warning::FewBands { bands: points.len() });
    }
    for (band, (point, assessed)) in points.iter().zip(&assessment.bands).enumerate() {
        if point.error_rate > ERROR_RATE_MAX {
            warnings.push(Warning::ErrorRateHigh { band, error_rate: point.error_rate });
        }
        if let Some(little) = assessed.little.as_ref().filter(|little| !little.consistent) {
            let (ratio, impossible) = (little.ratio, little.impossible);
            warnings.push(Warning::LittleMismatch { band, ratio, impossible });
        }
    }
    if assessment.regions_absent.is_none() {
        warnings.extend(order.windows(2).filter_map(|pair| gain_within_error(points, pair)));
        warnings.extend(pool_ratio_varies(points));
    }
    if let Some(optimum) = &assessment.optimum {
        let optimal = optimum.optimal_index;
        if order.len() > 1 && order.last() == Some(&optimum.best_index) {
            warnings.push(Warning::PeakNotReached { band: optimum.best_index });
        }
        if let Some(confirmation) = &optimum.confirmation
            && (confirmation.optimal_confirmed_index != optimal
                || confirmation.plausible_indices.first() != Some(&optimal))
        {
            let plausible = confirmation.plausible_indices.clone();
            warnings.push(Warning::OptimumUncertain { optimal, plausible });
        }
    }
    warnings
}

/// `sqrt(h_1^2 + h_2^2)` bounds the difference of two independent means as each `h` bounds its own.
fn gain_within_error(points: &[BandPoint], pair: &[usize]) -> Option<Warning> {
    let (before, after) = (points[pair[0]], points[pair[1]]);
    let gain_tps = after.tps - before.tps;
    let error_tps = before.tps_ci_half_width?.hypot(after.tps_ci_half_width?);
    (gain_tps.abs() < error_tps).then(|| Warning::GainWithinError {
        band: pair[1],
        gain_tps,
        error_tps,
    })
}

/// Whole numbers may each be one off a common ratio, through rounding and pushing bands apart.
fn pool_ratio_varies(points: &[BandPoint]) -> Option<Warning> {
    let first = points.first()?;
    if points.iter().all(|point| point.connections == first.connections) {
        return None;
    }
    let largest = |ratio: fn(&BandPoint) -> f64| points.iter().map(ratio).fold(0.0, f64::max);
    let smallest =
        |ratio: fn(&BandPoint) -> f64| points.iter().map(ratio).fold(f64::INFINITY, f64::min);
    let at_least = largest(|point| point.pool_ratio(-1.0));
    let at_most = smallest(|point| point.pool_ratio(1.0));
    (at_least > at_most).then(|| Warning::PoolRatioVaries {
        lowest: smallest(|point| point.pool_ratio(0.0)),
        highest: largest(|point| point.pool_ratio(0.0)),
    })
}
