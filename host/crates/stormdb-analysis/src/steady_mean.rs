//! The mean of a band's throughput with an interval that can be believed, or the reason why there is none.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::finite::{require_confidence, require_finite};
use crate::steady_state::{Series, VALUES_MIN};
use crate::student::two_sided;

/// Batches below which no interval is given.
pub const BATCHES_MIN: usize = 6;

/// Batches above which more of them add nothing.
pub const BATCHES_MAX: usize = 30;

/// Autocorrelation times that one batch spans at least.
pub const BATCH_TIMES_MIN: f64 = 5.0;

/// Values below which the warm-up rule's limit proves nothing: of shorter series of plain noise, a tenth (45
/// values) to two fifths (20 values) reach it.
pub const STEADY_VERDICT_MIN: usize = 60;

/// What a series of equal intervals says of its mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum SteadyMean {
    /// A steady state of enough independent batches.
    Steady {
        /// Of the values in the batches: all after the warm-up but a remainder shorter than the number of batches.
        mean: f64,
        /// Of the confidence interval of `mean`.
        half_width: f64,
        /// Values dropped at the start as warm-up.
        warm_up: usize,
        batches: usize,
        batch_size: usize,
        /// In intervals; 1 for a constant series.
        autocorrelation_time: f64,
        /// About 2 when batches are independent.
        von_neumann_ratio: Option<f64>,
    },
    /// The warm-up rule reached its limit: half the series, and still not settled.
    NotSteady { values: usize, warm_up_limit: usize },
    /// Not even [`BATCHES_MIN`] independent batches fit, or the end of the warm-up cannot be told from noise.
    TooShort {
        values: usize,
        /// Values that would have been enough if they went on like this.
        needed: usize,
    },
}

impl SteadyMean {
    /// Half the interval as a share of the mean; absent without an interval, and at mean 0.
    #[must_use]
    pub fn precision(&self) -> Option<f64> {
        match self {
            Self::Steady { mean, half_width, .. } if *mean > 0.0 => Some(half_width / mean),
            Self::Steady { .. } | Self::NotSteady { .. } | Self::TooShort { .. } => None,
        }
    }

    /// Of the confidence interval of the mean; absent without one.
    #[must_use]
    pub fn half_width(&self) -> Option<f64> {
        match self {
            Self::Steady { half_width, .. } => Some(*half_width),
            Self::NotSteady { .. } | Self::TooShort { .. } => None,
        }
    }

    /// The standard error of the mean behind an interval of this confidence: `half_width / t(batches - 1)`;
    /// absent without an interval.
    ///
    /// Errors: `non_finite`, `invalid_value` (confidence).
    pub fn standard_error(&self, confidence: f64) -> Result<Option<f64>, Error> {
        require_confidence(confidence)?;
        Ok(match self {
            Self::Steady { half_width, batches, .. } => {
                Some(half_width / two_sided(confidence, (batches - 1) as f64))
            }
            Self::NotSteady { .. } | Self::TooShort { .. } => None,
        })
    }
}

/// Warm-up by MSER-5, then batch means with as many batches (6 to 30) as span 5 autocorrelation times each.
///
/// `values` are the completions of successive intervals of equal length, a second each by default. Simulated with
/// first-order autoregressive series, a nominal 95 % interval covers the mean in .91 to .95 of the series of 60
/// values or more without autocorrelation, .90 to .94 from 100 values at .5, and .79 (180 values), .89 (300) and
/// .92 (600) at .8, where most shorter series are answered with "too short". The interval speaks of the variance
/// within a run, which is smaller than the variance between runs.
/// Errors: `non_finite`, `invalid_value` (confidence), `overflow`.
pub fn steady_mean(values: &[f64], confidence: f64) -> Result<SteadyMean, Error> {
    require_finite("values", values)?;
    require_confidence(confidence)?;
    let least = BATCHES_MIN * whole_batch(1.0);
    if values.len() < VALUES_MIN {
        return Ok(SteadyMean::TooShort { values: values.len(), needed: least });
    }
    let warm_up = Series::new(values)?.warm_up();
    if warm_up.at_limit {
        let (values, warm_up_limit) = (values.len(), warm_up.truncate);
        return Ok(if values < STEADY_VERDICT_MIN {
            SteadyMean::TooShort { values, needed: STEADY_VERDICT_MIN }
        } else {
            SteadyMean::NotSteady { values, warm_up_limit }
        });
    }
    let settled = &values[warm_up.truncate..];
    if settled.len() < VALUES_MIN {
        let needed = warm_up.truncate + least;
        return Ok(SteadyMean::TooShort { values: values.len(), needed });
    }
    let series = Series::new(settled)?;
    let autocorrelation_time = series.autocorrelation_time().unwrap_or(1.0);
    let batch_size = whole_batch(autocorrelation_time);
    let batches = (settled.len() / batch_size).min(BATCHES_MAX);
    if batches < BATCHES_MIN {
        let needed = warm_up.truncate + BATCHES_MIN * batch_size;
        return Ok(SteadyMean::TooShort { values: values.len(), needed });
    }
    let batch_means = series.batch_means(batches, confidence)?;
    Ok(SteadyMean::Steady {
        mean: batch_means.mean,
        half_width: batch_means.half_width,
        warm_up: warm_up.truncate,
        batches,
        batch_size: batch_means.batch_size,
        autocorrelation_time,
        von_neumann_ratio: batch_means.von_neumann_ratio,
    })
}

/// The smallest whole batch that spans [`BATCH_TIMES_MIN`] autocorrelation times.
fn whole_batch(autocorrelation_time: f64) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "an autocorrelation time lies between 1 and the length of its series"
    )]
    let size = (BATCH_TIMES_MIN * autocorrelation_time).ceil() as usize;
    size
}

#[cfg(test)]
mod tests {
    use super::{STEADY_VERDICT_MIN, SteadyMean, steady_mean};

    /// Noise between -1 and 1 from a linear congruential generator (Knuth's MMIX constants).
    fn noise(n: usize) -> Vec<f64> {
        let mut state = 2024_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as f64 / f64::from(1_u32 << 30) - 1.0
        };
        (0..n).map(|_| next()).collect()
    }

    fn of(values: &[f64]) -> SteadyMean {
        steady_mean(values, 0.95).unwrap()
    }

    #[test]
    fn independent_noise_has_an_interval_around_its_mean() {
        let values: Vec<f64> = noise(240).iter().map(|noise| 500.0 + 20.0 * noise).collect();
        let SteadyMean::Steady { mean, half_width, batches, batch_size, .. } = of(&values) else {
            panic!("{:?}", of(&values));
        };
        assert!((mean - 500.0).abs() < half_width, "{mean} +- {half_width}");
        // The true half-width is 2.05 * 20 / sqrt(3) / sqrt(240) = 1.53.
        assert!((1.0..2.3).contains(&half_width), "{half_width}");
        assert!(batches * batch_size <= 240 && batches >= 20, "{batches} of {batch_size}");
    }

    #[test]
    fn a_climb_at_the_start_is_left_out() {
        let values: Vec<f64> = noise(240)
            .iter()
            .enumerate()
            .map(|(second, noise)| 500.0 + noise - 400.0 * (-(second as f64) / 8.0).exp())
            .collect();
        let SteadyMean::Steady { mean, warm_up, .. } = of(&values) else {
            panic!("{:?}", of(&values));
        };
        assert!((20..80).contains(&warm_up), "{warm_up}");
        assert!((mean - 500.0).abs() < 1.0, "{mean}");
    }

    #[test]
    fn a_trend_is_not_steady() {
        let values: Vec<f64> = (0..120).map(|second| 1000.0 + f64::from(second)).collect();
        assert_eq!(of(&values), SteadyMean::NotSteady { values: 120, warm_up_limit: 60 });
    }

    #[test]
    fn a_short_trend_cannot_be_told_from_noise() {
        let values: Vec<f64> = (0..40).map(|second| 1000.0 + f64::from(second)).collect();
        let expected = SteadyMean::TooShort { values: 40, needed: STEADY_VERDICT_MIN };
        assert_eq!(of(&values), expected);
    }

    #[test]
    fn slow_waves_need_more_values_than_there_are() {
        let values: Vec<f64> =
            (0..100).map(|second| (f64::from(second) / 4.0).sin() * 50.0 + 900.0).collect();
        let SteadyMean::TooShort { values: 100, needed } = of(&values) else {
            panic!("{:?}", of(&values));
        };
        assert!(needed > 100, "{needed}");
    }

    #[test]
    fn a_constant_has_no_error() {
        let SteadyMean::Steady { mean, half_width, batches, .. } = of(&[7.5; 30]) else {
            panic!("{:?}", of(&[7.5; 30]));
        };
        assert_eq!((mean.to_bits(), half_width.to_bits()), (7.5_f64.to_bits(), 0.0_f64.to_bits()));
        assert_eq!(batches, 6);
    }

    #[test]
    fn nothing_is_too_short() {
        assert_eq!(of(&[]), SteadyMean::TooShort { values: 0, needed: 30 });
    }

    #[test]
    fn numbers_that_are_not_finite_are_refused() {
        assert_eq!(steady_mean(&[1.0, f64::NAN], 0.95).unwrap_err().id(), "non_finite");
        assert_eq!(steady_mean(&[1.0; 30], 1.0).unwrap_err().id(), "invalid_value");
    }
}
