//! What a sample looks like: mean, spread, quantiles and the confidence interval of the mean.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::finite::{computed, require_confidence, require_finite, require_finite_value};
use crate::student;
use crate::sum::{mean, squared_deviations};

/// Observations that can be described: at least one, all finite.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    sorted: Vec<f64>,
}

/// The moments of a [`Sample`], in the unit of the observations (`variance` in its square, `cov` without unit).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Description {
    pub n: usize,
    pub mean: f64,
    pub min: f64,
    pub max: f64,
    /// Absent below two observations.
    pub variance: Option<f64>,
    /// Absent below two observations.
    pub sd: Option<f64>,
    /// Coefficient of variation; absent below two observations and at mean 0.
    pub cov: Option<f64>,
    /// Of the mean; absent below two observations.
    pub confidence_interval: Option<Interval>,
}

/// Two bounds, both included.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

impl Sample {
    /// Errors: `empty`, `non_finite`.
    pub fn new(values: &[f64]) -> Result<Self, Error> {
        if values.is_empty() {
            return Err(Error::Empty { what: "values" });
        }
        require_finite("values", values)?;
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        Ok(Self { sorted })
    }

    /// Mean, `variance = sum((x - mean)^2) / (n - 1)`, `cov = sd / |mean|`, and the interval
    /// `mean -/+ t((1 + confidence) / 2, n - 1) sd / sqrt(n)`.
    ///
    /// The interval assumes independent observations: give it run or batch means, not latencies or one-second
    /// samples. Errors: `non_finite` or `invalid_value` (confidence outside 0..1), `overflow`.
    pub fn describe(&self, confidence: f64) -> Result<Description, Error> {
        require_confidence(confidence)?;
        let values = self.sorted.as_slice();
        let n = values.len();
        let (min, max) = (values[0], values[n - 1]);
        // Rounding may push the mean of neighbouring numbers past them.
        let mean = computed("the mean", mean(values))?.clamp(min, max);
        let mut description = Description {
            n,
            mean,
            min,
            max,
            variance: None,
            sd: None,
            cov: None,
            confidence_interval: None,
        };
        if n < 2 {
            return Ok(description);
        }
        let freedom = (n - 1) as f64;
        let variance = computed("the variance", squared_deviations(values, mean) / freedom)?;
        let sd = variance.sqrt();
        description.variance = Some(variance);
        description.sd = Some(sd);
        if mean != 0.0 {
            description.cov = Some(computed("the coefficient of variation", sd / mean.abs())?);
        }
        let half_width = half_width(sd, n, confidence)?;
        description.confidence_interval = Some(Interval {
            low: computed("the confidence interval", mean - half_width)?,
            high: computed("the confidence interval", mean + half_width)?,
        });
        Ok(description)
    }

    /// The quantile at `probability` (0 to 1), type 7 of Hyndman and Fan, The American Statistician 50 (1996):
    /// `h = (n - 1) p`, then linear between the two neighbours of `h`. R's and numpy's default.
    ///
    /// A tail quantile needs a tail: below about `20 / (1 - p)` observations it says little.
    /// Errors: `non_finite` or `invalid_value` (probability outside 0..1), `overflow`.
    pub fn quantile(&self, probability: f64) -> Result<f64, Error> {
        require_finite_value("probability", probability)?;
        if !(0.0..=1.0).contains(&probability) {
            return Err(Error::InvalidValue {
                place: "probability".to_owned(),
                value: probability,
                allowed: "0 to 1",
            });
        }
        let last = self.sorted.len() - 1;
        let position = last as f64 * probability;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the position lies between 0 and the last index"
        )]
        let below = position.floor() as usize;
        let low = self.sorted[below];
        let high = self.sorted[last.min(below + 1)];
        let between = low + (position - position.floor()) * (high - low);
        Ok(computed("the quantile", between)?.clamp(low, high))
    }
}

/// `t((1 + confidence) / 2, n - 1) sd / sqrt(n)`, exactly 0 without spread. The caller has checked `confidence`.
pub(crate) fn half_width(sd: f64, n: usize, confidence: f64) -> Result<f64, Error> {
    if sd == 0.0 {
        return Ok(0.0);
    }
    let t = student::two_sided(confidence, (n - 1) as f64);
    computed("the confidence interval", t * sd / (n as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::Sample;

    #[test]
    fn levels_outside_their_range_are_refused() {
        let sample = Sample::new(&[1.0, 2.0]).unwrap();
        for (level, id) in
            [(f64::NAN, "non_finite"), (-0.1, "invalid_value"), (1.1, "invalid_value")]
        {
            assert_eq!(sample.quantile(level).unwrap_err().id(), id, "quantile at {level}");
            assert_eq!(sample.describe(level).unwrap_err().id(), id, "confidence {level}");
        }
    }

    #[test]
    fn what_overflows_is_refused_rather_than_infinite() {
        let sample = Sample::new(&[-1e308, 1e308]).unwrap();
        assert_eq!(sample.describe(0.95).unwrap_err().id(), "overflow");
        assert_eq!(sample.quantile(0.5).unwrap_err().id(), "overflow");
    }
}
