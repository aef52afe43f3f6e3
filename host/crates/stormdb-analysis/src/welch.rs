//! Welch's t-test: whether the means of two samples differ, and by how much.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::descriptive::Interval;
use crate::finite::{binary_scale, computed, require_confidence, require_finite};
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

/// A mean with its error, as batch means of a steady band give it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MeanEstimate {
    pub mean: f64,
    /// Of the mean: the standard deviation of the batch means over the root of their number.
    pub standard_error: f64,
    /// Of the standard error: batches less 1; at least 1.
    pub freedom: f64,
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
    compare(estimate(&samples.baseline), estimate(&samples.current), samples.unit, confidence)
}

/// As [`welch`], for two bands that each have one steady mean: the same `t`, with errors from within a run. Those are
/// smaller than the errors between runs, so a difference found here is one of these two bands, and has yet to show
/// in a second run.
///
/// Errors, in this order: `non_finite`, `invalid_value` (a negative error, fewer than 1 degree of freedom,
/// confidence), `zero_variance` (both errors are 0), `overflow`.
pub fn welch_of_means(
    baseline: MeanEstimate,
    current: MeanEstimate,
    confidence: f64,
) -> Result<Welch, Error> {
    for (name, estimate) in [("baseline", baseline), ("current", current)] {
        let MeanEstimate { mean, standard_error, freedom } = estimate;
        require_finite(name, &[mean, standard_error, freedom])?;
        require_at_least(|| format!("standard error of {name}"), standard_error, 0.0, "0 or more")?;
        require_at_least(|| format!("freedom of {name}"), freedom, 1.0, "1 or more")?;
    }
    require_confidence(confidence)?;
    let unit = binary_scale(&[
        baseline.mean,
        current.mean,
        baseline.standard_error,
        current.standard_error,
    ]);
    let in_unit = |estimate: MeanEstimate| MeanEstimate {
        mean: estimate.mean / unit,
        standard_error: estimate.standard_error / unit,
        freedom: estimate.freedom,
    };
    compare(in_unit(baseline), in_unit(current), unit, confidence)
}

/// Both estimates are in `unit`, so that no square overflows.
fn compare(
    before: MeanEstimate,
    after: MeanEstimate,
    unit: f64,
    confidence: f64,
) -> Result<Welch, Error> {
    let error = before.standard_error.hypot(after.standard_error);
    if error <= 0.0 {
        return Err(Error::ZeroVariance { what: "baseline and current runs" });
    }
    let difference = after.mean - before.mean;
    let t = computed("the t statistic", difference / error)?;
    let share = |part: MeanEstimate| (part.standard_error / error).powi(4) / part.freedom;
    let freedom = 1.0 / (share(before) + share(after));
    let half_width = two_sided(confidence, freedom) * error;
    let from_unit = |value: f64| computed("the difference of the means", value * unit);
    Ok(Welch {
        difference: from_unit(difference)?,
        t,
        freedom,
        p_value: two_sided_p(t, freedom),
        interval: Interval {
            low: from_unit(difference - half_width)?,
            high: from_unit(difference + half_width)?,
        },
    })
}

fn estimate(values: &[f64]) -> MeanEstimate {
    let n = values.len() as f64;
    let mean = mean(values);
    let variance = squared_deviations(values, mean) / (n - 1.0);
    MeanEstimate { mean, standard_error: (variance / n).max(0.0).sqrt(), freedom: n - 1.0 }
}

fn require_at_least(
    place: impl Fn() -> String,
    value: f64,
    least: f64,
    allowed: &'static str,
) -> Result<(), Error> {
    if value >= least {
        Ok(())
    } else {
        Err(Error::InvalidValue { place: place(), value, allowed })
    }
}

#[cfg(test)]
mod tests {
    use super::{MeanEstimate, welch, welch_of_means};

    const STEADY: MeanEstimate = MeanEstimate { mean: 100.0, standard_error: 2.0, freedom: 19.0 };

    #[test]
    fn means_with_errors_are_compared_like_the_values_behind_them() {
        let (baseline, current) =
            ([100.0, 105.0, 98.0, 102.0], [110.0, 115.0, 108.0, 112.0, 111.0]);
        let of = |values: &[f64]| {
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
            let standard_error = (squares / (n - 1.0) / n).sqrt();
            MeanEstimate { mean, standard_error, freedom: n - 1.0 }
        };
        let expected = welch(&baseline, &current, 0.95).unwrap();
        let found = welch_of_means(of(&baseline), of(&current), 0.95).unwrap();
        assert!((found.p_value - expected.p_value).abs() < 1e-12, "{found:?} {expected:?}");
        assert!((found.freedom - expected.freedom).abs() < 1e-9, "{found:?} {expected:?}");
    }

    #[test]
    fn means_without_any_error_cannot_be_compared() {
        let exact = MeanEstimate { standard_error: 0.0, ..STEADY };
        assert_eq!(welch_of_means(exact, exact, 0.95).unwrap_err().id(), "zero_variance");
    }

    #[test]
    fn nonsense_is_refused_by_name() {
        for (wrong, id) in [
            (MeanEstimate { mean: f64::NAN, ..STEADY }, "non_finite"),
            (MeanEstimate { standard_error: -1.0, ..STEADY }, "invalid_value"),
            (MeanEstimate { freedom: 0.0, ..STEADY }, "invalid_value"),
        ] {
            assert_eq!(welch_of_means(STEADY, wrong, 0.95).unwrap_err().id(), id);
        }
    }
}
