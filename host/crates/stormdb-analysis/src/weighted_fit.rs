//! Least-squares fits with the known standard error of each band, which can be rejected.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::curve::{Curve, Scaled};
use crate::descriptive::Interval;
use crate::finite::{computed, require_confidence};
use crate::model::Model;
use crate::tails::{chi_square_p, normal_two_sided};

/// A p-value below which a curve does not describe its bands: keep it as a guide, and withhold the peak.
pub const REJECTED: f64 = 0.01;

/// A curve, and whether it describes its points within their errors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WeightedFit {
    /// Its standard errors follow from `sd` alone.
    pub curve: Curve,
    /// Sum of squared residuals, each divided by its `sd`.
    pub chi_square: f64,
    /// Of a chi-square at least as large if the curve holds. Below [`REJECTED`] it does not.
    pub p_value: f64,
    /// `chi_square + 2 p`: the smallest of several curves is the best.
    pub aic: f64,
}

/// Minimises `sum(((y - f(x)) / sd)^2)`, with the curves and bounds of [`crate::fit::fit`].
///
/// Standard errors are `sqrt(diag((J'WJ)^-1))`, `W = diag(1 / sd^2)`, not rescaled by chi-square; the p-value is
/// that of chi-square with `n - p` degrees of freedom (Press et al., "Numerical Recipes" (2007), sections 15.1 and
/// 15.5). `sd` is the standard error of each throughput, in its unit.
/// Errors, in this order: `length_mismatch`, `non_finite`, `invalid_value` (an `sd` of 0 or below),
/// `too_few_points`, `non_positive_x` (logarithmic, usl), `overflow`, `not_identifiable`.
pub fn weighted_fit(model: Model, x: &[f64], y: &[f64], sd: &[f64]) -> Result<WeightedFit, Error> {
    let scaled = Scaled::new(model, x, y, Some(sd))?;
    let found = scaled.search()?;
    let curve = scaled.curve(&found, 1.0)?;
    let chi_square = computed("chi-square", found.sse)?;
    let p_value = chi_square_p(chi_square, curve.freedom as f64);
    let aic = chi_square + 2.0 * model.coefficients().len() as f64;
    Ok(WeightedFit { curve, chi_square, p_value, aic })
}

impl WeightedFit {
    /// Whether the curve fails to describe the bands within their errors: keep it as a guide, and say nothing of
    /// its peak.
    #[must_use]
    pub fn is_rejected(&self) -> bool {
        self.p_value < REJECTED
    }

    /// The confidence interval of the workers at the peak, `n -/+ z n_se` with the normal quantile, since the
    /// errors are known; absent without a peak, and for a curve that [`is rejected`](Self::is_rejected).
    ///
    /// Errors: `non_finite`, `invalid_value` (confidence), `overflow`.
    pub fn peak_interval(&self, confidence: f64) -> Result<Option<Interval>, Error> {
        require_confidence(confidence)?;
        match self.curve.peak.filter(|_| !self.is_rejected()) {
            Some(peak) => peak.interval(normal_two_sided(confidence)).map(Some),
            None => Ok(None),
        }
    }

    /// As [`WeightedFit::peak_interval`], of the throughput there.
    ///
    /// Errors: `non_finite`, `invalid_value` (confidence), `overflow`.
    pub fn peak_throughput_interval(&self, confidence: f64) -> Result<Option<Interval>, Error> {
        require_confidence(confidence)?;
        match self.curve.peak.filter(|_| !self.is_rejected()) {
            Some(peak) => peak.throughput_interval(normal_two_sided(confidence)).map(Some),
            None => Ok(None),
        }
    }
}
