//! Welch's t-test: whether the means of two samples differ, and by how much.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::descriptive::Interval;
use crate::finite::{computed, require_confidence};
use crate::student::{two_sided, two_sided_p};
use crate::sum::{mean, squared_deviations};
use crate::two_samples::TwoSamples;

/// The difference of two means, current minus baseline, in the unit of the observations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Welch {
    pub difference: f64,
    pub t: f64,
    /// Degrees of freedom, seldom whole.
    pub freedom: f64,
    /// Two-sided.
    pub p_value: f64,
    /// Of the difference.
    pub interval: Interval,
}

/// `t = (m2 - m1) / sqrt(s1^2 / n1 + s2^2 / n2)` with the degrees of freedom of Welch and Satterthwaite (Welch,
/// Biometrika 34 (1947)): `(v1 + v2)^2 / (v1^2 / (n1 - 1) + v2^2 / (n2 - 1))`, `v = s^2 / n`.
///
/// Observations must be independent: means of runs or of batches, never raw latencies or one-second samples, with
/// which equal systems are told apart in a third of the comparisons.
/// Errors, in this order: `too_few` (under 2 in either sample), `non_finite`, `invalid_value` (confidence),
/// `zero_variance` (both samples constant, equal or not), `overflow`.
pub fn welch(baseline: &[f64], current: &[f64], confidence: f64) -> Result<Welch, Error> {
    let samples = TwoSamples::new(baseline, current, 2)?;
    require_confidence(confidence)?;
    let (before, after) = (Part::of(&samples.baseline), Part::of(&samples.current));
    let variance = before.variance_of_mean + after.variance_of_mean;
    if variance <= 0.0 {
        return Err(Error::ZeroVariance { what: "baseline and current runs" });
    }
    let error = variance.sqrt();
    let difference = after.mean - before.mean;
    let t = computed("the t statistic", difference / error)?;
    let share = |part: &Part| (part.variance_of_mean / variance).powi(2) / (part.n - 1.0);
    let freedom = 1.0 / (share(&before) + share(&after));
    let half_width = two_sided(confidence, freedom) * error;
    let in_unit = |value: f64| computed("the difference of the means", value * samples.unit);
    Ok(Welch {
        difference: in_unit(difference)?,
        t,
        freedom,
        p_value: two_sided_p(t, freedom),
        interval: Interval {
            low: in_unit(difference - half_width)?,
            high: in_unit(difference + half_width)?,
        },
    })
}

struct Part {
    n: f64,
    mean: f64,
    variance_of_mean: f64,
}

impl Part {
    fn of(values: &[f64]) -> Self {
        let n = values.len() as f64;
        let mean = mean(values);
        Self { n, mean, variance_of_mean: squared_deviations(values, mean) / (n - 1.0) / n }
    }
}
