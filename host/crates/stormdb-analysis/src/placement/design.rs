//! The one more point that makes the peak of a fitted law most certain.

use crate::curve::Curve;
use crate::ladder::Axis;
use crate::least_squares::unit_columns;
use crate::model::Model;
use crate::singular::{Singular, dot};

/// A point measured before is taken again only if the variance of the peak becomes smaller than with the best new
/// point by this share: a new one also tells whether the law holds.
const REPLICATE_GAIN: f64 = 0.02;

/// Ratio of singular values below which the points leave the law open.
const CONDITION_MIN: f64 = 1e-9;

/// What the points so far say of the peak.
pub(super) struct Design {
    coefficients: Vec<f64>,
    /// Places of the coefficients that are not at a bound.
    free: Vec<usize>,
    /// Lengths of the columns of the slopes, by which coefficients are scaled.
    lengths: Vec<f64>,
    /// `(J'WJ)^-1` of the scaled coefficients.
    covariance: Vec<Vec<f64>>,
    /// `(J'WJ)^-1 g`, where `g` are the slopes of the peak in the scaled coefficients.
    toward_peak: Vec<f64>,
    /// `g' (J'WJ)^-1 g`.
    variance: f64,
    /// What a new point is expected to have.
    relative_error: f64,
}

impl Design {
    /// Nothing without a peak, or where the points leave the law open.
    pub(super) fn of(curve: &Curve, x: &[f64], sd: &[f64], relative: &[f64]) -> Option<Self> {
        let peak = curve.peak?;
        let coefficients: Vec<f64> = curve.coefficients.iter().map(|c| c.value).collect();
        let free: Vec<usize> = (0..coefficients.len())
            .filter(|&index| curve.coefficients[index].standard_error.is_some())
            .collect();
        let kappa = coefficients[2];
        // N* = sqrt((1 - sigma) / kappa).
        let slopes = [0.0, -0.5 / (kappa * peak.n), -0.5 * peak.n / kappa];
        let mut columns = vec![Vec::new(); free.len()];
        for (&x, sd) in x.iter().zip(sd) {
            let gradient = Model::Usl.gradient(&coefficients, x);
            for (column, &index) in columns.iter_mut().zip(&free) {
                column.push(gradient[index] / sd);
            }
        }
        let (columns, lengths) = unit_columns(columns);
        let singular = Singular::of(&columns);
        let condition = singular.smallest_to_largest();
        if condition.is_nan() || condition < CONDITION_MIN {
            return None;
        }
        let covariance = singular.inverse_of_normal();
        let slopes: Vec<f64> =
            free.iter().zip(&lengths).map(|(&index, length)| slopes[index] / length).collect();
        let toward_peak: Vec<f64> = covariance.iter().map(|row| dot(row, &slopes)).collect();
        let variance = dot(&toward_peak, &slopes);
        let mut relative = relative.to_vec();
        relative.sort_by(f64::total_cmp);
        let relative_error = *relative.get(relative.len() / 2)?;
        let usable = variance.is_finite() && variance > 0.0;
        usable.then_some(Self {
            coefficients,
            free,
            lengths,
            covariance,
            toward_peak,
            variance,
            relative_error,
        })
    }

    /// The whole number in `range` after which the predicted variance of the peak is least.
    pub(super) fn best(&self, range: Axis, taken: &[u32]) -> u32 {
        let candidates = range.min..=range.max;
        let with: Vec<(u32, f64)> = candidates.map(|x| (x, self.variance_with(x))).collect();
        let least = |wanted: bool| {
            let fitting = with.iter().filter(|(x, _)| taken.contains(x) == wanted);
            fitting.copied().min_by(|left, right| left.1.total_cmp(&right.1))
        };
        match (least(false), least(true)) {
            (Some(new), Some(old)) if old.1 < new.1 * (1.0 - REPLICATE_GAIN) => old.0,
            (Some(new), _) => new.0,
            (None, Some(old)) => old.0,
            (None, None) => range.max,
        }
    }

    /// The variance of the peak after one more point at `x` (Sherman and Morrison 1950).
    fn variance_with(&self, x: u32) -> f64 {
        let x = f64::from(x);
        let Some(tps) = Model::Usl.value(&self.coefficients, x) else { return self.variance };
        let gradient = Model::Usl.gradient(&self.coefficients, x);
        let sd = self.relative_error * tps;
        let row: Vec<f64> = self
            .free
            .iter()
            .zip(&self.lengths)
            .map(|(&index, length)| gradient[index] / sd / length)
            .collect();
        let spread = self.covariance.iter().map(|line| dot(line, &row));
        let leverage: f64 = spread.zip(&row).map(|(spread, entry)| spread * entry).sum();
        self.variance - dot(&self.toward_peak, &row).powi(2) / (1.0 + leverage)
    }
}
