//! Whether throughput moves from the beginning of a band to its end.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::finite::{computed, require_finite};
use crate::rank_trend::{mann_kendall, theil_sen};
use crate::steady_mean::SteadyMean;
use crate::sum::mean;

/// A change over a band below which a drift is of no consequence.
pub const DRIFT_MIN: f64 = 0.02;

/// Batches that a band which never settled is cut into.
const UNSETTLED_BATCHES: usize = 10;

/// How the batches of a band tend.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// From the first batch to the last, along the median slope, as a share of the mean.
    pub change: f64,
    /// Of no trend, two-sided.
    pub p_value: f64,
    pub batches: usize,
}

/// The Mann-Kendall test and Theil-Sen's slope on the batch means behind a steady mean of `values`: batches are as
/// good as independent, which the seconds are not.
///
/// The warm-up rule takes the steepest drift at the beginning away, so that what is found here goes on afterwards.
/// Of a band that never settled all values count, in 10 batches. `None` for a band that was too short, and when nothing
/// completed. Errors: `non_finite`, `overflow`.
pub fn drift(values: &[f64], throughput: &SteadyMean) -> Result<Option<Drift>, Error> {
    let (warm_up, batches, batch_size) = match *throughput {
        SteadyMean::Steady { warm_up, batches, batch_size, .. } => (warm_up, batches, batch_size),
        SteadyMean::NotSteady { .. } => (0, UNSETTLED_BATCHES, values.len() / UNSETTLED_BATCHES),
        SteadyMean::TooShort { .. } => return Ok(None),
    };
    if batch_size == 0 {
        return Ok(None);
    }
    require_finite("values", values)?;
    let settled = values.get(warm_up..).unwrap_or_default();
    let Some(used) = settled.len().checked_sub(batches * batch_size).map(|from| &settled[from..])
    else {
        return Ok(None);
    };
    let means: Vec<f64> = used.chunks_exact(batch_size).map(mean).collect();
    let level = mean(&means);
    if level <= 0.0 {
        return Ok(None);
    }
    let places: Vec<f64> = (0..means.len()).map(|place| place as f64).collect();
    let slope = theil_sen(&places, &means)?.slope;
    let p_value = mann_kendall(&means)?.p_value;
    let change = computed("the drift", slope * (batches - 1) as f64 / level)?;
    Ok(Some(Drift { change, p_value, batches }))
}

#[cfg(test)]
mod tests {
    use super::drift;
    use crate::steady_mean::SteadyMean;

    fn steady(values: usize, batch_size: usize) -> SteadyMean {
        SteadyMean::Steady {
            mean: 100.0,
            half_width: 1.0,
            warm_up: 0,
            batches: values / batch_size,
            batch_size,
            autocorrelation_time: 1.0,
            von_neumann_ratio: None,
        }
    }

    #[test]
    fn a_slow_climb_is_found_with_its_size() {
        let values: Vec<f64> =
            (0..100).map(|second| 95.0 + 0.1 * f64::from(second) + f64::from(second % 3)).collect();
        let found = drift(&values, &steady(100, 5)).unwrap().unwrap();
        assert!((found.change - 0.095).abs() < 0.01, "{found:?}");
        assert!(found.p_value < 1e-6, "{found:?}");
    }

    #[test]
    fn waves_around_a_level_are_no_drift() {
        let values: Vec<f64> =
            (0..120).map(|second| 100.0 + (f64::from(second) / 5.0).sin()).collect();
        let found = drift(&values, &steady(120, 6)).unwrap().unwrap();
        assert!(found.p_value > 0.05 && found.change.abs() < 0.02, "{found:?}");
    }

    #[test]
    fn a_band_that_never_settled_drifts_as_a_whole() {
        let values: Vec<f64> = (0..100).map(|second| 1000.0 + f64::from(second)).collect();
        let unsettled = SteadyMean::NotSteady { values: 100, warm_up_limit: 50 };
        let found = drift(&values, &unsettled).unwrap().unwrap();
        assert!((found.change - 90.0 / 1049.5).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn a_short_band_has_none() {
        let short = SteadyMean::TooShort { values: 10, needed: 30 };
        assert_eq!(drift(&[1.0; 10], &short).unwrap(), None);
    }
}
