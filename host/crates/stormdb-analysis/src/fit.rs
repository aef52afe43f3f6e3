//! Least-squares fits of throughput against workers, with their goodness and their leave-one-out error.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::curve::{Curve, Scaled};
use crate::descriptive::Interval;
use crate::finite::{computed, require_confidence};
use crate::model::Model;
use crate::student::two_sided;
use crate::sum::constant;

/// Share of the variation below which residuals are rounding.
const PERFECT: f64 = 1e-20;

/// A curve, and how well it describes its points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    pub curve: Curve,
    /// Sum of squared residuals, in the square of the unit of `y`.
    pub sse: f64,
    /// `1 - sse / sst`; absent for constant `y`; may be negative. No choice of a model: with six points almost
    /// any curve exceeds 0.9.
    pub r_squared: Option<f64>,
    /// Whether the residuals are rounding alone.
    pub is_perfect: bool,
    /// Absent for a perfect fit and where there are too few points. With 5 to 8 points its correction exceeds
    /// what the points say: for reference, not for choosing.
    pub aicc: Option<f64>,
    /// What each point differs from a fit to all others, as a root mean square in the unit of `y`; absent when a
    /// point cannot be left out.
    pub loo_rmse: Option<f64>,
}

/// The least squares of `y` itself, with equal weights.
///
/// Standard errors are `sqrt(diag(s^2 (J'J)^-1))`, `s^2 = sse / (n - p)` (Seber and Wild, "Nonlinear Regression"
/// (1989), section 2.1), `J` over the coefficients that are not at a bound; 0 for a perfect fit.
/// `aicc = n ln(sse / n) + 2 K + 2 K (K + 1) / (n - K - 1)` with `K = p + 1` (Hurvich and Tsai, Biometrika 76 (1989)).
/// `x` in workers or connections in use, `y` in any unit. Assumes errors of one size; with known ones use
/// [`crate::weighted_fit::weighted_fit`].
/// Errors, in this order: `length_mismatch`, `non_finite`, `too_few_points`, `non_positive_x` (logarithmic, usl),
/// `overflow`, `not_identifiable`.
pub fn fit(model: Model, x: &[f64], y: &[f64]) -> Result<Fit, Error> {
    let found = fit_once(model, x, y)?;
    Ok(Fit { loo_rmse: leave_one_out(model, x, y), ..found })
}

/// As [`fit`], without the leave-one-out error, which takes as many fits as there are points.
pub(crate) fn fit_once(model: Model, x: &[f64], y: &[f64]) -> Result<Fit, Error> {
    let scaled = Scaled::new(model, x, y, None)?;
    let found = scaled.search()?;
    let (n, p) = (y.len(), model.coefficients().len());
    let freedom = (n - p) as f64;
    let is_constant = constant(y).is_some();
    let limit = if is_constant { 0.0 } else { PERFECT * scaled.variation };
    let is_perfect = found.sse <= limit;
    let variance = if is_perfect { 0.0 } else { found.sse / freedom };
    let curve = scaled.curve(&found, variance)?;
    let aicc = (!is_perfect).then(|| aicc(found.sse, scaled.unit, n, p)).flatten();
    let r_squared = (!is_constant)
        .then(|| computed("the goodness of fit", 1.0 - found.sse / scaled.variation))
        .transpose()?;
    Ok(Fit {
        curve,
        sse: computed("the sum of squares", found.sse * scaled.unit * scaled.unit)?,
        r_squared,
        is_perfect,
        aicc,
        loo_rmse: None,
    })
}

impl Fit {
    /// The confidence interval of the workers at the peak, `n -/+ t((1 + confidence) / 2, n - p) n_se`; absent
    /// without a peak. It holds if the curve does, which few bands cannot show.
    ///
    /// Errors: `non_finite`, `invalid_value` (confidence), `overflow`.
    pub fn peak_interval(&self, confidence: f64) -> Result<Option<Interval>, Error> {
        require_confidence(confidence)?;
        let Some(peak) = self.curve.peak else { return Ok(None) };
        peak.interval(two_sided(confidence, self.curve.freedom as f64)).map(Some)
    }

    /// As [`Fit::peak_interval`], of the throughput there.
    ///
    /// Errors: `non_finite`, `invalid_value` (confidence), `overflow`.
    pub fn peak_throughput_interval(&self, confidence: f64) -> Result<Option<Interval>, Error> {
        require_confidence(confidence)?;
        let Some(peak) = self.curve.peak else { return Ok(None) };
        peak.throughput_interval(two_sided(confidence, self.curve.freedom as f64)).map(Some)
    }
}

/// Absent where the correction for few points has no meaning. `sse` is in the square of `unit`.
fn aicc(sse: f64, unit: f64, n: usize, coefficients: usize) -> Option<f64> {
    let (n, k) = (n as f64, (coefficients + 1) as f64);
    let spare = n - k - 1.0;
    let logarithm = (sse / n).ln() + 2.0 * unit.ln();
    let aicc = n * logarithm + 2.0 * k + 2.0 * k * (k + 1.0) / spare;
    (spare > 0.0 && aicc.is_finite()).then_some(aicc)
}

fn leave_one_out(model: Model, x: &[f64], y: &[f64]) -> Option<f64> {
    let without = |values: &[f64], left_out: usize| -> Vec<f64> {
        [&values[..left_out], &values[left_out + 1..]].concat()
    };
    let mut squares = 0.0;
    for left_out in 0..x.len() {
        let scaled = Scaled::new(model, &without(x, left_out), &without(y, left_out), None).ok()?;
        let found = scaled.search().ok()?;
        let curve = scaled.curve(&found, 0.0).ok()?;
        squares += (y[left_out] - curve.predict(x[left_out]).ok()?.y).powi(2);
    }
    let error = (squares / x.len() as f64).sqrt();
    error.is_finite().then_some(error)
}
