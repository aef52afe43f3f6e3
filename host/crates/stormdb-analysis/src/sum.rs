//! Sums, means and squared deviations that do not lose digits.

use std::cmp::Ordering;

/// The sum of `values`, exact up to the last rounding.
///
/// Keeps the rounding errors as non-overlapping partial sums: Shewchuk, "Adaptive Precision Floating-Point
/// Arithmetic", Discrete & Computational Geometry 18 (1997), GROW-EXPANSION; Python's `math.fsum`.
/// Not finite if a partial sum overflows.
pub(crate) fn exact_sum(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut partials: Vec<f64> = Vec::new();
    for value in values {
        let mut carried = value;
        let mut kept = 0;
        for index in 0..partials.len() {
            let partial = partials[index];
            let (large, small) =
                if carried.abs() < partial.abs() { (partial, carried) } else { (carried, partial) };
            let sum = large + small;
            let lost = small - (sum - large);
            if lost != 0.0 {
                partials[kept] = lost;
                kept += 1;
            }
            carried = sum;
        }
        partials.truncate(kept);
        partials.push(carried);
    }
    partials.iter().rev().fold(0.0, |sum, partial| sum + partial)
}

/// The arithmetic mean of a non-empty list; a constant list gives exactly its value.
pub(crate) fn mean(values: &[f64]) -> f64 {
    match constant(values) {
        Some(value) => value,
        None => exact_sum(values.iter().copied()) / values.len() as f64,
    }
}

/// The sum of squared deviations from `mean`, exactly 0 for a constant list.
///
/// Corrected two-pass: the second term removes what the rounding of the mean added (Chan, Golub and LeVeque,
/// The American Statistician 37 (1983), equation 1.7).
pub(crate) fn squared_deviations(values: &[f64], mean: f64) -> f64 {
    if constant(values).is_some() {
        return 0.0;
    }
    let squares = exact_sum(values.iter().map(|value| (value - mean).powi(2)));
    let residue = exact_sum(values.iter().map(|value| value - mean));
    squares - residue.powi(2) / values.len() as f64
}

/// The middle of a non-empty sorted list, or the mean of its two middles.
pub(crate) fn median_of_sorted(sorted: &[f64]) -> f64 {
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[half] } else { sorted[half - 1].midpoint(sorted[half]) }
}

/// The median of a non-empty list.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    median_of_sorted(&sorted)
}

/// The one value of a list whose smallest and largest are the same.
pub(crate) fn constant(values: &[f64]) -> Option<f64> {
    let (first, rest) = values.split_first()?;
    rest.iter().all(|value| value.partial_cmp(first) == Some(Ordering::Equal)).then_some(*first)
}

#[cfg(test)]
mod tests {
    use super::{exact_sum, mean, squared_deviations};

    #[test]
    fn keeps_what_cancellation_would_lose() {
        let sum = exact_sum([1e100, 1e50, 1.0, -1e100, -1e50]);
        assert_eq!(sum.to_bits(), 1.0_f64.to_bits());
    }

    #[test]
    fn tenths_sum_to_the_nearest_number() {
        let sum = exact_sum([0.1; 10]);
        assert_eq!(sum.to_bits(), 1.0_f64.to_bits());
    }

    #[test]
    fn constant_lists_have_no_deviation() {
        let values = [0.1, 0.1, 0.1];
        assert_eq!(mean(&values).to_bits(), 0.1_f64.to_bits());
        assert_eq!(squared_deviations(&values, mean(&values)).to_bits(), 0.0_f64.to_bits());
    }
}
