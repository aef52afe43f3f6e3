//! Trends that one outlier does not move: Theil-Sen's slope and the Mann-Kendall test.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::finite::{computed, require_finite, require_same_length};
use crate::sum::{constant, median};
use crate::tails::normal_two_sided_p;

/// A line through medians.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TheilSen {
    /// Units of `y` per unit of `x`.
    pub slope: f64,
    pub intercept: f64,
}

/// Whether successive values tend to grow or to fall.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MannKendall {
    /// Pairs that grow less pairs that fall.
    pub s: i64,
    /// Of `s` without a trend.
    pub variance: f64,
    /// Absent when all values are equal.
    pub z: Option<f64>,
    /// Two-sided; 1 when all values are equal.
    pub p_value: f64,
    /// Kendall's tau-b of order against value, from -1 to 1; absent when all values are equal.
    pub tau_b: Option<f64>,
}

/// The median of the slopes over all pairs of different `x`, and the median of `y - slope x` (Theil 1950; Sen,
/// Journal of the American Statistical Association 63 (1968)). Time and memory grow with the square of the points.
///
/// Errors, in this order: `length_mismatch`, `non_finite`, `too_few_points` (under 2, or one distinct `x`);
/// `overflow`.
pub fn theil_sen(x: &[f64], y: &[f64]) -> Result<TheilSen, Error> {
    require_same_length(("x", x.len()), ("y", y.len()))?;
    for (what, values) in [("x", x), ("y", y)] {
        require_finite(what, values)?;
    }
    if x.len() < 2 {
        return Err(Error::TooFewPoints { what: "points", have: x.len(), need: 2 });
    }
    if constant(x).is_some() {
        return Err(Error::TooFewPoints { what: "distinct x", have: 1, need: 2 });
    }
    let mut slopes = Vec::with_capacity(x.len() * (x.len() - 1) / 2);
    for later in 1..x.len() {
        for earlier in 0..later {
            let run = x[later] - x[earlier];
            if run != 0.0 {
                slopes.push(computed("a slope", (y[later] - y[earlier]) / run)?);
            }
        }
    }
    let slope = median(&slopes);
    let intercepts = x
        .iter()
        .zip(y)
        .map(|(x, y)| computed("an intercept", y - slope * x))
        .collect::<Result<Vec<_>, Error>>()?;
    Ok(TheilSen { slope, intercept: median(&intercepts) })
}

/// `S = sum over i < j of sign(y_j - y_i)`, `z = (S - sign S) / sqrt(variance)`,
/// `variance = (n (n - 1)(2n + 5) - sum t (t - 1)(2t + 5)) / 18` over groups of `t` ties (Mann, Econometrica 13
/// (1945); Kendall, "Rank Correlation Methods" (1975)).
///
/// Assumes independent values: positive autocorrelation inflates `z`, so give it daily figures, not seconds.
/// Errors, in this order: `non_finite`, `too_few_points` (under 3).
pub fn mann_kendall(values: &[f64]) -> Result<MannKendall, Error> {
    require_finite("values", values)?;
    if values.len() < 3 {
        return Err(Error::TooFewPoints { what: "values", have: values.len(), need: 3 });
    }
    let mut s = 0_i64;
    for (index, value) in values.iter().enumerate() {
        for later in &values[index + 1..] {
            s += i64::from(later > value) - i64::from(later < value);
        }
    }
    let weight = |count: usize| {
        let count = count as f64;
        count * (count - 1.0) * (2.0 * count + 5.0)
    };
    let pairs = |count: usize| (count * (count - 1) / 2) as f64;
    let (mut tie_weight, mut tied_pairs) = (0.0, 0.0);
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    for group in sorted.chunk_by(|left, right| left >= right) {
        tie_weight += weight(group.len());
        tied_pairs += pairs(group.len());
    }
    let variance = (weight(values.len()) - tie_weight) / 18.0;
    let all_pairs = pairs(values.len());
    let untied = all_pairs - tied_pairs;
    let z = (untied > 0.0).then(|| (s - s.signum()) as f64 / variance.sqrt());
    Ok(MannKendall {
        s,
        variance,
        z,
        p_value: z.map_or(1.0, normal_two_sided_p),
        tau_b: (untied > 0.0).then(|| s as f64 / (all_pairs * untied).sqrt()),
    })
}
