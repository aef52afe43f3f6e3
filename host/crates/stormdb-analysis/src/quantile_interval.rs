//! How sure a quantile of a dependent series is, from its quantiles in batches.

use crate::Error;
use crate::finite::{computed, require_confidence, require_finite, require_finite_value};
use crate::steady_mean::BATCHES_MIN;
use crate::student::two_sided;

/// Observations that a batch must hold beyond its quantile: with fewer, the quantile of a batch is biased.
pub const BEYOND_MIN: f64 = 20.0;

/// Half the confidence interval of a quantile by sectioning:
/// `t((1 + confidence) / 2, m - 1) sqrt(sum((q_i - q)^2) / (m (m - 1)))`, where `q` is the quantile of everything and
/// `q_i` are those of `m` batches (Asmussen and Glynn, "Stochastic Simulation" (2007), section III.5a).
///
/// Deviations are taken from `q`, not from the mean of the batches, so that the bias of short batches widens the
/// interval. The batches are independent when each spans 5 autocorrelation times, and each must hold
/// [`enough`] observations. Errors: `non_finite`, `too_few` (under [`BATCHES_MIN`] batches), `invalid_value`
/// (confidence), `overflow`.
pub fn half_width(quantile: f64, batches: &[f64], confidence: f64) -> Result<f64, Error> {
    require_finite_value("the quantile", quantile)?;
    require_finite("batches", batches)?;
    require_confidence(confidence)?;
    if batches.len() < BATCHES_MIN {
        return Err(Error::TooFew { what: "batches", have: batches.len(), need: BATCHES_MIN });
    }
    let m = batches.len() as f64;
    let squares: f64 = batches.iter().map(|batch| (batch - quantile).powi(2)).sum();
    let half_width = two_sided(confidence, m - 1.0) * (squares / (m * (m - 1.0))).sqrt();
    computed("the interval of the quantile", half_width)
}

/// Whether so many observations are enough for the quantile at `p` (0 to 1) of a batch: `n (1 - p) >= 20`.
#[must_use]
pub fn enough(observations: u64, p: f64) -> bool {
    // The product carries rounding error: 400 * (1 - 0.95) is 20.000000000000018.
    observations as f64 * (1.0 - p) >= BEYOND_MIN - 1e-6
}

#[cfg(test)]
mod tests {
    use super::{enough, half_width};

    #[test]
    fn equal_batches_leave_no_doubt_and_unequal_ones_do() {
        assert_eq!(half_width(5.0, &[5.0; 6], 0.95).unwrap().to_bits(), 0.0_f64.to_bits());
        // t(0.975, 5) = 2.5706; the squared deviations add up to 6.
        let found = half_width(5.0, &[4.0, 6.0, 4.0, 6.0, 4.0, 6.0], 0.95).unwrap();
        assert!((found - 2.570_58 * (6.0_f64 / 30.0).sqrt()).abs() < 1e-4, "{found}");
    }

    #[test]
    fn a_bias_of_the_batches_widens_the_interval() {
        let even = half_width(5.0, &[4.9, 5.1, 4.9, 5.1, 4.9, 5.1], 0.95).unwrap();
        let biased = half_width(6.0, &[4.9, 5.1, 4.9, 5.1, 4.9, 5.1], 0.95).unwrap();
        assert!(biased > 5.0 * even && biased > 1.0, "{even} {biased}");
    }

    #[test]
    fn few_batches_and_few_observations_are_not_enough() {
        assert_eq!(half_width(1.0, &[1.0; 5], 0.95).unwrap_err().id(), "too_few");
        assert_eq!(half_width(1.0, &[f64::NAN; 6], 0.95).unwrap_err().id(), "non_finite");
        assert!(enough(400, 0.95) && !enough(399, 0.95));
        assert!(enough(2000, 0.99) && !enough(1999, 0.99));
    }
}
