//! The Mann-Whitney test: whether one sample tends to larger values, and by how much it is shifted.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::finite::computed;
use crate::tails::normal_two_sided_p;
use crate::two_samples::TwoSamples;

/// Observations in either sample from which the normal approximation replaces the exact distribution.
pub const EXACT_BELOW: usize = 50;

/// What the ranks of two samples show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MannWhitney {
    /// Pairs in which the current observation is larger, equal ones counted half.
    pub u_current: f64,
    pub u_baseline: f64,
    /// Of the normal approximation; absent for an exact p-value, and when all observations are equal.
    pub z: Option<f64>,
    /// Two-sided.
    pub p_value: f64,
    pub method: PValueMethod,
    /// Median of all differences current minus baseline (Hodges and Lehmann, Annals of Mathematical Statistics 34
    /// (1963)), in the unit of the observations.
    pub shift: f64,
}

/// How a p-value was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PValueMethod {
    /// By counting every arrangement of the ranks.
    Exact,
    /// By the normal approximation with continuity and tie corrections.
    Normal,
}

impl PValueMethod {
    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Normal => "normal",
        }
    }
}

/// `U = #(current > baseline) + #(equal) / 2` (Mann and Whitney, Annals of Mathematical Statistics 18 (1947)).
///
/// Exact `p = min(1, 2 P(U <= min u))` without ties and below [`EXACT_BELOW`] observations each. Otherwise
/// `z = (|u - n1 n2 / 2| - 1/2) / sigma` with the sign of the difference,
/// `sigma^2 = n1 n2 / 12 ((n + 1) - sum(t^3 - t) / (n (n - 1)))` over groups of `t` ties (Lehmann,
/// "Nonparametrics" (1975), section 1.2).
///
/// Observations must be independent. 3 against 3 cannot give a p-value below 0.10, 4 against 4 none below 0.029.
/// Errors, in this order: `too_few` (an empty sample), `non_finite`; `overflow`.
pub fn mann_whitney(baseline: &[f64], current: &[f64]) -> Result<MannWhitney, Error> {
    let samples = TwoSamples::new(baseline, current, 1)?;
    let pairs = samples.pairs();
    let u_current = pairs.greater as f64 + 0.5 * pairs.equal as f64;
    let u_baseline = pairs.all as f64 - u_current;
    let sizes = (samples.baseline.len(), samples.current.len());
    let ties = tie_sizes(&samples);
    let exact = ties.is_empty() && sizes.0 < EXACT_BELOW && sizes.1 < EXACT_BELOW;
    let (z, p_value, method) = if exact {
        let less = pairs.greater.min(pairs.all - pairs.greater);
        (None, exact_p(sizes, less), PValueMethod::Exact)
    } else {
        let z = normal_z(u_current, sizes, &ties);
        (z, z.map_or(1.0, normal_two_sided_p), PValueMethod::Normal)
    };
    let shift = computed("the shift", median_difference(&samples) * samples.unit)?;
    Ok(MannWhitney { u_current, u_baseline, z, p_value, method, shift })
}

/// Absent when all observations are equal.
fn normal_z(u: f64, sizes: (usize, usize), ties: &[usize]) -> Option<f64> {
    let pairs = sizes.0 as f64 * sizes.1 as f64;
    let n = (sizes.0 + sizes.1) as f64;
    let of_ties: f64 = ties.iter().map(|&size| (size as f64).powi(3) - size as f64).sum();
    let variance = pairs / 12.0 * ((n + 1.0) - of_ties / (n * (n - 1.0)));
    let distance = u - 0.5 * pairs;
    if variance <= 0.0 || ties == [sizes.0 + sizes.1] {
        return None;
    }
    if distance == 0.0 {
        return Some(0.0);
    }
    Some((distance.abs() - 0.5).max(0.0).copysign(distance) / variance.sqrt())
}

/// Sizes of the groups of two or more equal observations in both samples together.
fn tie_sizes(samples: &TwoSamples) -> Vec<usize> {
    let mut all: Vec<f64> = samples.baseline.iter().chain(&samples.current).copied().collect();
    all.sort_by(f64::total_cmp);
    all.chunk_by(|left, right| left >= right).map(<[f64]>::len).filter(|&size| size > 1).collect()
}

/// `min(1, 2 P(U <= u))` by the recurrence of Mann and Whitney: an arrangement of `m` and `n` observations ends
/// with one of the first sample, which then exceeds all `n`, or with one of the second.
fn exact_p((m, n): (usize, usize), u: usize) -> f64 {
    // After `j` rounds, row `i` counts the arrangements of `i` and `j` observations by their U.
    let mut rows = vec![vec![0.0; u + 1]; m + 1];
    for row in &mut rows {
        row[0] = 1.0;
    }
    for j in 1..=n {
        for i in 1..=m {
            let (shorter, row) = rows.split_at_mut(i);
            for (count, shifted) in row[0][..].iter_mut().skip(j).zip(&shorter[i - 1]) {
                *count += shifted;
            }
        }
    }
    let below: f64 = rows[m].iter().sum();
    let all: f64 = (1..=m).map(|i| (n + i) as f64 / i as f64).product();
    (2.0 * below / all).min(1.0)
}

/// The median of all differences, found by bisection over the numbers themselves: rounding a difference keeps its
/// order, so counting those up to a bound needs one pass over both sorted samples.
fn median_difference(samples: &TwoSamples) -> f64 {
    let pairs = samples.baseline.len() * samples.current.len();
    let upper = difference_of_rank(samples, pairs / 2);
    if pairs % 2 == 1 {
        return upper;
    }
    difference_of_rank(samples, pairs / 2 - 1).midpoint(upper)
}

/// The difference with `rank` others before it in ascending order.
fn difference_of_rank(samples: &TwoSamples, rank: usize) -> f64 {
    let (mut low, mut high) = (ordinal(-8.0), ordinal(8.0));
    while low < high {
        let middle = low.midpoint(high);
        if differences_up_to(samples, of_ordinal(middle)) > rank {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    of_ordinal(low)
}

fn differences_up_to(samples: &TwoSamples, bound: f64) -> usize {
    let mut above = 0;
    let mut count = 0;
    for &current in &samples.current {
        while above < samples.baseline.len() && current - samples.baseline[above] > bound {
            above += 1;
        }
        count += samples.baseline.len() - above;
    }
    count
}

/// The numbers in ascending order, counted.
fn ordinal(value: f64) -> u64 {
    let bits = value.to_bits();
    if value.is_sign_negative() { !bits } else { bits | 1 << 63 }
}

fn of_ordinal(ordinal: u64) -> f64 {
    f64::from_bits(if ordinal >> 63 == 1 { ordinal & !(1 << 63) } else { !ordinal })
}

#[cfg(test)]
mod tests {
    use super::{exact_p, mann_whitney};

    #[test]
    fn every_arrangement_of_three_and_three() {
        for (u, arrangements) in [(0, 1.0), (1, 2.0), (2, 4.0), (3, 7.0), (4, 10.0)] {
            let expected = f64::min(1.0, 2.0 * arrangements / 20.0);
            assert!((exact_p((3, 3), u) - expected).abs() < 1e-14, "U <= {u}");
        }
    }

    #[test]
    fn the_shift_is_the_median_of_all_differences() {
        let (baseline, current) = ([3.0, 1.0, 7.5, -2.0], [4.0, 4.0, 9.0]);
        let mut differences: Vec<f64> =
            baseline.iter().flat_map(|low| current.iter().map(move |high| high - low)).collect();
        differences.sort_by(f64::total_cmp);
        let expected = differences[5].midpoint(differences[6]);
        let found = mann_whitney(&baseline, &current).unwrap().shift;
        assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
    }
}
