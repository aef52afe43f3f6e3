//! How evenly load is spread over workers, connections or instances, and which of them stand out.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::finite::{binary_scale, computed, require_finite, require_not_negative};
use crate::sum::{mean, median, squared_deviations};

/// Modified z-score beyond which a load stands out (Iglewicz and Hoaglin, "How to Detect and Handle Outliers"
/// (1993)).
pub const MODIFIED_Z_MAX: f64 = 3.5;

/// Up to this many loads none can exceed the mean by two standard deviations: the largest z is `sqrt(n - 1)`.
const TWO_SIGMA_BLIND: usize = 5;

/// What the spread of the loads shows. Positions are those of the list given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Balance {
    /// In the unit of the loads, as is `sd`.
    pub mean: f64,
    /// Of the population: every worker is observed.
    pub sd: f64,
    /// `sd / mean`; absent at mean 0.
    pub cov: Option<f64>,
    /// From `1/n` (all on one) to 1 (even); absent when every load is 0.
    pub jain: Option<f64>,
    /// Absent at mean 0.
    pub max_to_mean: Option<f64>,
    /// Loads above `mean + 2 sd`. Two hot workers mask each other: prefer `hot`.
    pub hot_two_sigma: Vec<usize>,
    /// Loads below `mean - 2 sd`.
    pub cold_two_sigma: Vec<usize>,
    /// One per load.
    pub modified_z: Vec<f64>,
    /// Loads with a modified z-score above [`MODIFIED_Z_MAX`].
    pub hot: Vec<usize>,
    /// Loads with a modified z-score below `-MODIFIED_Z_MAX`.
    pub cold: Vec<usize>,
}

/// Spread, Jain's index and the loads that stand out.
///
/// Jain's index is `(sum x)^2 / (n sum x^2)` (Jain, Chiu and Hawe, DEC-TR-301 (1984)), which is `1 / (1 + cov^2)`.
/// The modified z-score is `0.6745 (x - median) / MAD`, `MAD = median |x - median|`; where that is 0,
/// `(x - median) / (1.253314 mean |x - median|)`; where that is 0 too, 0 (Iglewicz and Hoaglin 1993).
/// Sums hide short hotspots: compute it per window too.
/// Errors, in this order: `empty`, `non_finite`, `negative_value`; `overflow`.
pub fn balance(loads: &[f64]) -> Result<Balance, Error> {
    if loads.is_empty() {
        return Err(Error::Empty { what: "loads" });
    }
    require_finite("loads", loads)?;
    require_not_negative("loads", loads)?;
    let unit = binary_scale(loads);
    let scaled: Vec<f64> = loads.iter().map(|load| load / unit).collect();
    let n = scaled.len() as f64;
    let mean = mean(&scaled);
    let sd = (squared_deviations(&scaled, mean) / n).max(0.0).sqrt();
    let cov = (mean > 0.0).then(|| sd / mean);
    let squares: f64 = scaled.iter().map(|load| load * load).sum();
    let max = scaled.iter().copied().fold(0.0, f64::max);
    let beyond_two_sigma = |test: &dyn Fn(f64) -> bool| {
        if scaled.len() <= TWO_SIGMA_BLIND || sd == 0.0 {
            return Vec::new();
        }
        positions(&scaled, test)
    };
    let modified_z = modified_z(&scaled)?;
    Ok(Balance {
        mean: computed("the mean load", mean * unit)?,
        sd: computed("the spread of the loads", sd * unit)?,
        cov,
        jain: (squares > 0.0).then(|| (mean * mean * n / squares).clamp(1.0 / n, 1.0)),
        max_to_mean: (mean > 0.0).then(|| max / mean),
        hot_two_sigma: beyond_two_sigma(&|load| load > mean + 2.0 * sd),
        cold_two_sigma: beyond_two_sigma(&|load| load < mean - 2.0 * sd),
        hot: positions(&modified_z, &|z| z > MODIFIED_Z_MAX),
        cold: positions(&modified_z, &|z| z < -MODIFIED_Z_MAX),
        modified_z,
    })
}

fn modified_z(loads: &[f64]) -> Result<Vec<f64>, Error> {
    let middle = median(loads);
    let distances: Vec<f64> = loads.iter().map(|load| (load - middle).abs()).collect();
    let (mad, mean_distance) = (median(&distances), mean(&distances));
    let score = |load: &f64| {
        if mad > 0.0 {
            0.6745 * (load - middle) / mad
        } else if mean_distance > 0.0 {
            (load - middle) / (1.253_314 * mean_distance)
        } else {
            0.0
        }
    };
    loads.iter().map(|load| computed("the modified z-score", score(load))).collect()
}

fn positions(values: &[f64], test: &dyn Fn(f64) -> bool) -> Vec<usize> {
    values.iter().enumerate().filter(|(_, value)| test(**value)).map(|(index, _)| index).collect()
}
