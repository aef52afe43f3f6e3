//! A straight line through time: growth, its prediction interval, and when it reaches a limit.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::descriptive::Interval;
use crate::finite::{
    binary_scale, computed, require_confidence, require_finite, require_finite_value,
    require_same_length, require_within_magnitude,
};
use crate::student::{two_sided, two_sided_p};
use crate::sum::{constant, mean, squared_deviations};

/// Points below which a line has no error.
pub const POINTS_MIN: usize = 3;

/// How far beyond the last point a limit is looked for, in the unit of `x`.
pub const HORIZON: f64 = 1e6;

/// A p-value of the slope below this is growth.
const SIGNIFICANT: f64 = 0.05;

/// Share of the variation below which residuals are rounding.
const EXACT: f64 = 1e-20;

/// The least-squares line of `y` on `x`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Trend {
    /// Units of `y` per unit of `x`.
    pub slope: f64,
    pub intercept: f64,
    /// 0 for an exact line.
    pub slope_se: f64,
    /// Absent for constant `y`.
    pub r_squared: Option<f64>,
    /// Absent for an exact line, as is `p_value`.
    pub t: Option<f64>,
    /// Two-sided, of no growth.
    pub p_value: Option<f64>,
    /// `sqrt(sse / (n - 2))`; 0 for an exact line.
    pub residual_sd: f64,
    spread: Spread,
}

/// What a prediction needs of the points.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Spread {
    n: f64,
    mean_x: f64,
    mean_y: f64,
    /// `sqrt(S_xx)`.
    sd_x: f64,
    last_x: f64,
}

/// The line at one place.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Prediction {
    pub x: f64,
    pub mean: f64,
    /// Of a single new observation.
    pub interval: Interval,
}

/// When a growing line reaches a limit, counted from the last point, in the unit of `x`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct UntilThreshold {
    /// 0 when the line is there already; absent when it does not grow.
    pub until_mean: Option<f64>,
    /// Where the upper prediction limit reaches it: the cautious answer. Absent beyond [`HORIZON`].
    pub until_upper: Option<f64>,
    /// Without it `until_mean` is no forecast.
    pub growth_significant: bool,
}

/// `slope = S_xy / S_xx`, `slope_se = residual_sd / sqrt(S_xx)` (Draper and Smith, "Applied Regression Analysis",
/// sections 1.2 to 1.4).
///
/// Assumes a straight line with independent errors: weekly patterns and jumps of the level break that.
/// Errors, in this order: `length_mismatch`, `non_finite`, `too_few_points` (under 3, or one distinct `x`);
/// `overflow` (magnitudes above 1e100).
pub fn trend(x: &[f64], y: &[f64]) -> Result<Trend, Error> {
    require_same_length(("x", x.len()), ("y", y.len()))?;
    for (what, values) in [("x", x), ("y", y)] {
        require_finite(what, values)?;
    }
    if x.len() < POINTS_MIN {
        return Err(Error::TooFewPoints { what: "points", have: x.len(), need: POINTS_MIN });
    }
    if constant(x).is_some() {
        return Err(Error::TooFewPoints { what: "distinct x", have: 1, need: 2 });
    }
    require_within_magnitude("x", x)?;
    require_within_magnitude("y", y)?;
    // In units in which no square overflows or vanishes; powers of two, so dividing by them loses nothing.
    let (unit_x, unit_y) = (binary_scale(x), binary_scale(y));
    let x: Vec<f64> = x.iter().map(|x| x / unit_x).collect();
    let y: Vec<f64> = y.iter().map(|y| y / unit_y).collect();
    let (mean_x, mean_y) = (mean(&x), mean(&y));
    let squares_x = squared_deviations(&x, mean_x);
    let products: f64 = x.iter().zip(&y).map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let is_constant = constant(&y).is_some();
    let slope =
        if is_constant { 0.0 } else { computed("the slope of the trend", products / squares_x)? };
    let squares_y = squared_deviations(&y, mean_y);
    let residual = |(x, y): (&f64, &f64)| (y - mean_y) - slope * (x - mean_x);
    let sse: f64 = x.iter().zip(&y).map(residual).map(|residual| residual * residual).sum();
    let is_exact = is_constant || sse <= EXACT * squares_y;
    let n = x.len() as f64;
    let residual_sd = if is_exact { 0.0 } else { (sse / (n - 2.0)).sqrt() };
    let slope_se = computed("the error of the slope", residual_sd / squares_x.sqrt())?;
    let t = (!is_exact)
        .then(|| computed("the t statistic of the slope", slope / slope_se))
        .transpose()?;
    let per_x = |value: f64| computed("the slope of the trend", value * (unit_y / unit_x));
    Ok(Trend {
        slope: per_x(slope)?,
        intercept: computed("the intercept", (mean_y - slope * mean_x) * unit_y)?,
        slope_se: per_x(slope_se)?,
        r_squared: (!is_constant).then(|| (1.0 - sse / squares_y).clamp(0.0, 1.0)),
        t,
        p_value: t.map(|t| two_sided_p(t, n - 2.0)),
        residual_sd: residual_sd * unit_y,
        spread: Spread {
            n,
            mean_x: mean_x * unit_x,
            mean_y: mean_y * unit_y,
            sd_x: squares_x.sqrt() * unit_x,
            last_x: x.iter().copied().fold(f64::NEG_INFINITY, f64::max) * unit_x,
        },
    })
}

impl Trend {
    /// `mean -/+ t((1 + confidence) / 2, n - 2) residual_sd sqrt(1 + 1/n + (x - mean x)^2 / S_xx)` (Draper and
    /// Smith, section 3.1).
    ///
    /// Errors: `non_finite`, `invalid_value` (confidence), `overflow`.
    pub fn predict(&self, x: f64, confidence: f64) -> Result<Prediction, Error> {
        require_finite_value("x", x)?;
        require_confidence(confidence)?;
        let (mean, half_width) = self.line(x, self.t_quantile(confidence));
        Ok(Prediction {
            x,
            mean: computed("the prediction", mean)?,
            interval: Interval {
                low: computed("the prediction", mean - half_width)?,
                high: computed("the prediction", mean + half_width)?,
            },
        })
    }

    /// When the line, and its upper prediction limit at `confidence`, reach `threshold` from below. The upper
    /// limit is convex, so it crosses at most once; that place is found by bisection.
    ///
    /// Errors: `non_finite`, `invalid_value` (confidence).
    pub fn until(&self, threshold: f64, confidence: f64) -> Result<UntilThreshold, Error> {
        require_finite_value("threshold", threshold)?;
        require_confidence(confidence)?;
        let t = self.t_quantile(confidence);
        let last = self.spread.last_x;
        let ahead = threshold - self.line(last, t).0;
        let until_mean = if ahead <= 0.0 {
            Some(0.0)
        } else {
            Some(ahead / self.slope).filter(|until| self.slope > 0.0 && until.is_finite())
        };
        let reached = |distance: f64| {
            let (mean, half_width) = self.line(last + distance, t);
            mean + half_width >= threshold
        };
        Ok(UntilThreshold {
            until_mean,
            until_upper: first_reached(reached),
            growth_significant: self.slope > 0.0 && self.p_value.is_none_or(|p| p < SIGNIFICANT),
        })
    }

    fn t_quantile(&self, confidence: f64) -> f64 {
        if self.residual_sd == 0.0 { 0.0 } else { two_sided(confidence, self.spread.n - 2.0) }
    }

    /// The line at `x` and the half-width of its prediction interval.
    fn line(&self, x: f64, t: f64) -> (f64, f64) {
        let Spread { n, mean_x, mean_y, sd_x, last_x: _ } = self.spread;
        let distance = x - mean_x;
        let leverage = (1.0 + 1.0 / n + (distance / sd_x).powi(2)).sqrt();
        (mean_y + self.slope * distance, t * self.residual_sd * leverage)
    }
}

/// The smallest distance from 0 to [`HORIZON`] at which `reached` holds, given that it holds from there on.
fn first_reached(reached: impl Fn(f64) -> bool) -> Option<f64> {
    if reached(0.0) {
        return Some(0.0);
    }
    if !reached(HORIZON) {
        return None;
    }
    let (mut before, mut at) = (0.0, HORIZON);
    loop {
        let middle = f64::midpoint(before, at);
        if middle <= before || middle >= at {
            return Some(at);
        }
        if reached(middle) { at = middle } else { before = middle }
    }
}

#[cfg(test)]
mod tests {
    use super::trend;

    #[test]
    fn numbers_whose_squares_vanish_have_the_trend_of_larger_ones() {
        let y = [0.0, 1.0, 1.5, 3.5];
        let large = trend(&[0.0, 1.0, 2.0, 3.0], &y).unwrap();
        let small = trend(&[0.0, 1.0, 2.0, 3.0], &y.map(|y| y * f64::exp2(-600.0))).unwrap();
        assert_eq!((large.t, large.r_squared), (small.t, small.r_squared));
    }

    #[test]
    fn a_line_that_does_not_grow_reaches_nothing() {
        let found = trend(&[0.0, 1.0, 2.0, 3.0], &[4.0, 3.1, 2.0, 0.9]).unwrap();
        let until = found.until(5.0, 0.95).unwrap();
        assert_eq!((until.until_mean, until.until_upper), (None, None));
        assert!(!until.growth_significant);
    }
}
