//! What weakens or bounds the findings on a ladder.

use super::points::{BandPoint, Constraints};
use super::{Assessment, RegionsAbsent};
use crate::warning::Warning;

/// In the order in which a reader needs them. `order` is that of the bands by workers.
pub(super) fn find_warnings(
    points: &[BandPoint],
    order: &[usize],
    constraints: &Constraints,
    assessment: &Assessment,
) -> Vec<Warning> {
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
    warn_of(bands_where(|point| point.tps_margin.is_none()), |bands| Warning::NoInterval { bands });
    warn_of(bands_where(|point| point.connections < point.workers), |bands| {
        Warning::PoolSmallerThanWorkers { bands }
    });
    let by_workers = assessment.regions_absent != Some(RegionsAbsent::OpenLoop);
    if by_workers && (1..3).contains(&points.len()) {
        warnings.push(Warning::FewBands { bands: points.len() });
    }
    for (band, (point, assessed)) in points.iter().zip(&assessment.bands).enumerate() {
        if point.error_rate > constraints.error_rate_max {
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
    let error_tps = before.tps_margin?.half_width.hypot(after.tps_margin?.half_width);
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
