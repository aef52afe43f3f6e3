//! How sure the regions, the optimum and the inflection points are: the same judgement on many redrawn curves.

use serde::{Deserialize, Serialize};

use super::absent::Absent;
use super::points::{BandPoint, Constraints};
use crate::Error;
use crate::optimum::TOLERATED_LOSS;
use crate::resample::{Curves, Measured};
use crate::scaling::{Region, regions};

/// Curves that are drawn: the error of a probability is then at most 1.1 %.
pub const CURVES: u32 = 2000;

/// The probability from which on a region is given without an alternative.
pub const CERTAIN: f64 = 0.8;

/// The share of curves that must bend the same way for an inflection point to be more than noise.
pub const INFLECTION_CERTAIN: f64 = 0.95;

/// What [`CURVES`] redrawn curves say.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Certainty {
    pub curves: u32,
    /// One per band, in the order given.
    pub bands: Vec<BandCertainty>,
}

/// What the redrawn curves say of a band.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BandCertainty {
    /// Regions that occurred, the most frequent first; their probabilities add up to 1.
    pub regions: Vec<RegionShare>,
    /// The share of the curves on which the band is the smallest within 5 % of the best that keeps the constraints;
    /// 0 for a band that does not keep them.
    pub optimal: f64,
}

/// A region and the share of the curves, 0 to 1, that put a band there.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RegionShare {
    pub region: Region,
    pub probability: f64,
}

/// A band at which the curvature changes its sign.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Inflection {
    pub band: usize,
    pub bend: Bend,
    /// The share of the redrawn curves that bend so; absent without intervals.
    pub probability: Option<f64>,
}

/// Which way a curve bends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bend {
    /// Gains per worker grew before and shrink from here on.
    GainsShrink,
    /// Gains per worker shrank before and grow from here on.
    GainsGrow,
}

impl Bend {
    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::GainsShrink => "gains_shrink",
            Self::GainsGrow => "gains_grow",
        }
    }
}

impl BandCertainty {
    /// The most probable region, and the next one where the first is below [`CERTAIN`].
    #[must_use]
    pub fn candidates(&self) -> &[RegionShare] {
        let certain = self.regions.first().is_some_and(|first| first.probability >= CERTAIN);
        &self.regions[..self.regions.len().min(if certain { 1 } else { 2 })]
    }
}

impl Inflection {
    /// Whether the bend is more than noise; absent without intervals.
    #[must_use]
    pub fn is_confirmed(&self) -> Option<bool> {
        self.probability.map(|probability| probability >= INFLECTION_CERTAIN)
    }
}

/// The means with their errors; absent unless every band has an interval.
pub(super) fn measured(ordered: &[BandPoint]) -> Result<Vec<Measured>, Absent> {
    let measured = ordered.iter().map(|point| {
        let margin = point.tps_margin.ok_or(Absent::NoInterval)?;
        let standard_error = margin.standard_error();
        let (key, mean) = (point.workers, point.tps);
        Ok(Measured { key, mean, standard_error, freedom: margin.freedom })
    });
    measured.collect()
}

/// Judges curves `y_i + SE_i t(v_i)`, drawn from `seed` (a parametric bootstrap: Efron and Tibshirani, "An
/// Introduction to the Bootstrap" (1993), section 6.5), and gives the inflection points their probabilities.
///
/// The errors are those within a run unless a band was repeated: repeating the sweep would scatter more.
/// `ordered` by workers, all different. Errors: `overflow`.
pub(super) fn certainty(
    ordered: &[BandPoint],
    constraints: &Constraints,
    inflections: &mut [Inflection],
    seed: u64,
) -> Result<Result<Certainty, Absent>, Error> {
    let measured = match measured(ordered) {
        Ok(measured) => measured,
        Err(absent) => return Ok(Err(absent)),
    };
    let workers: Vec<f64> = ordered.iter().map(|point| f64::from(point.workers)).collect();
    let errors: Vec<_> = measured.iter().map(|mean| Some(mean.standard_error)).collect();
    let keeps: Vec<bool> = ordered.iter().map(|point| point.keeps(constraints)).collect();
    let mut labels = vec![[0_u32; Region::ALL.len()]; ordered.len()];
    let mut optimal = vec![0_u32; ordered.len()];
    let mut bends = vec![0_u32; inflections.len()];
    let mut curves = Curves::new(&measured, seed);
    for _ in 0..CURVES {
        let tps = curves.draw()?;
        for (counts, region) in labels.iter_mut().zip(regions(&workers, &tps, &errors)) {
            counts[region as usize] += 1;
        }
        if let Some(index) = smallest_enough(&tps, &keeps) {
            optimal[index] += 1;
        }
        for (count, inflection) in bends.iter_mut().zip(&*inflections) {
            *count += u32::from(bend(&workers, &tps, inflection.band) == Some(inflection.bend));
        }
    }
    let share = |count: u32| f64::from(count) / f64::from(CURVES);
    for (inflection, count) in inflections.iter_mut().zip(bends) {
        inflection.probability = Some(share(count));
    }
    let bands = labels.iter().zip(optimal).map(|(counts, optimal)| {
        let occurred = Region::ALL.into_iter().zip(counts).filter(|(_, count)| **count > 0);
        let mut regions: Vec<RegionShare> = occurred
            .map(|(region, &count)| RegionShare { region, probability: share(count) })
            .collect();
        regions.sort_by(|left, right| right.probability.total_cmp(&left.probability));
        BandCertainty { regions, optimal: share(optimal) }
    });
    Ok(Ok(Certainty { curves: CURVES, bands: bands.collect() }))
}

/// How the curve bends at a band, where the two divided differences that meet there have opposite signs.
pub(super) fn bend(workers: &[f64], tps: &[f64], band: usize) -> Option<Bend> {
    let curvature = |at: usize| {
        let gain =
            |to: usize| Some((tps.get(to)? - tps[to - 1]) / (workers.get(to)? - workers[to - 1]));
        Some(gain(at + 1)? - gain(at)?)
    };
    let (before, here) = (curvature(band.checked_sub(1).filter(|at| *at > 0)?)?, curvature(band)?);
    if before > 0.0 && here < 0.0 {
        Some(Bend::GainsShrink)
    } else if before < 0.0 && here > 0.0 {
        Some(Bend::GainsGrow)
    } else {
        None
    }
}

fn smallest_enough(tps: &[f64], keeps: &[bool]) -> Option<usize> {
    let candidates = || tps.iter().zip(keeps).filter(|(tps, keeps)| **keeps && **tps > 0.0);
    let best = candidates().map(|(tps, _)| *tps).fold(0.0, f64::max);
    let enough =
        |(tps, keeps): (&f64, &bool)| *keeps && *tps > 0.0 && *tps >= (1.0 - TOLERATED_LOSS) * best;
    tps.iter().zip(keeps).position(enough)
}
