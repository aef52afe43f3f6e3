//! Geometric means of paired ratios, with intervals.

use fastrand::Rng;

/// Resamples of an interval: one less than a multiple of 40, so that 2.5 % is a whole number of them.
const RESAMPLES: usize = 9_999;

/// The geometric mean of ratios over several configurations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct GeometricMean {
    pub(crate) ratio: f64,
    /// The bounds of the 95 % interval; nothing where a configuration has a single pair.
    pub(crate) interval: Option<(f64, f64)>,
    /// Ratios that went in.
    pub(crate) pairs: usize,
}

impl GeometricMean {
    /// Of natural logarithms of ratios, one group per configuration. Every configuration has the same
    /// weight, whatever its number of pairs; nothing without a pair in each.
    ///
    /// The interval is the percentile bootstrap over pairs, stratified by configuration. Of n pairs
    /// n - 1 are drawn, since n draws make the interval of few pairs too narrow by the factor
    /// √((n - 1)/n) (Rao and Wu 1988, "Resampling inference with complex survey data", JASA 83,
    /// section 2.1). The resamples depend on the logarithms alone.
    pub(crate) fn of_logs(groups: &[Vec<f64>]) -> Option<Self> {
        let mean = mean_of(groups.iter().map(|group| mean_of(group.iter().copied())))?;
        let pairs = groups.iter().map(Vec::len).sum();
        Some(Self { ratio: mean.exp(), interval: interval(groups, RESAMPLES), pairs })
    }
}

/// The middle of several numbers, or halfway between both middles; nothing of none.
pub(crate) fn median(numbers: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = numbers.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = *sorted.get(sorted.len().checked_sub(1)? / 2)?;
    Some(f64::midpoint(lower, upper))
}

fn interval(groups: &[Vec<f64>], resamples: usize) -> Option<(f64, f64)> {
    if groups.iter().any(|group| group.len() < 2) {
        return None;
    }
    let mut rng = Rng::with_seed(0);
    let mut resample = || {
        let group_means = groups.iter().map(|group| {
            let draws = 1..group.len();
            mean_of(draws.filter_map(|_| group.get(rng.usize(..group.len())).copied()))
        });
        mean_of(group_means)
    };
    let mut means: Vec<f64> = (0..resamples).filter_map(|_| resample()).collect();
    means.sort_by(f64::total_cmp);
    let outside = (resamples + 1) / 40;
    let low = *means.get(outside.checked_sub(1)?)?;
    let high = *means.get(resamples.checked_sub(outside)?)?;
    Some((low.exp(), high.exp()))
}

/// Nothing of no numbers, or where one is missing.
fn mean_of<N: Into<Option<f64>>>(numbers: impl IntoIterator<Item = N>) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0.0);
    for number in numbers {
        sum += number.into()?;
        count += 1.0;
    }
    (count > 0.0).then(|| sum / count)
}

#[cfg(test)]
mod tests {
    use fastrand::Rng;

    use super::{GeometricMean, interval, median};

    fn near(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-12
    }

    /// The sum of twelve uniform draws less six has the mean 0 and the variance 1.
    fn normal(rng: &mut Rng) -> f64 {
        (0..12).map(|_| rng.f64()).sum::<f64>() - 6.0
    }

    #[test]
    fn equal_ratios_leave_nothing_uncertain() {
        let log = 1.25_f64.ln();
        let mean = GeometricMean::of_logs(&[vec![log; 3], vec![log; 4]]).unwrap();
        let (low, high) = mean.interval.unwrap();
        assert!(near(mean.ratio, 1.25) && near(low, 1.25) && near(high, 1.25), "{mean:?}");
        assert_eq!(mean.pairs, 7);
    }

    #[test]
    fn configurations_weigh_the_same_whatever_their_pairs() {
        let (half, double) = (0.5_f64.ln(), 2_f64.ln());
        let mean = GeometricMean::of_logs(&[vec![half; 9], vec![double, double]]).unwrap();
        assert!(near(mean.ratio, 1.0), "{mean:?}");
    }

    #[test]
    fn one_pair_is_no_interval_and_none_no_mean() {
        let mean = GeometricMean::of_logs(&[vec![0.0, 0.1], vec![0.2]]).unwrap();
        assert_eq!(mean.interval, None);
        assert_eq!(GeometricMean::of_logs(&[vec![0.0], vec![]]), None);
        assert_eq!(GeometricMean::of_logs(&[]), None);
    }

    /// Of normal logarithms with σ = 0.1 the interval of 24 × 5 pairs reaches 1.96 σ/√120 to either
    /// side.
    #[test]
    fn the_interval_is_as_wide_as_the_normal_one() {
        let mut rng = Rng::with_seed(7);
        let mut widths = Vec::new();
        for _ in 0..20 {
            let groups: Vec<Vec<f64>> =
                (0..24).map(|_| (0..5).map(|_| 0.1 * normal(&mut rng)).collect()).collect();
            let (low, high) = interval(&groups, 999).unwrap();
            widths.push((high / low).ln());
        }
        let expected = 2.0 * 1.96 * 0.1 / 120_f64.sqrt();
        let width = median(widths).unwrap();
        assert!((width / expected - 1.0).abs() < 0.08, "{width} instead of {expected}");
    }

    #[test]
    fn nineteen_of_twenty_intervals_hold_the_true_ratio() {
        let mut rng = Rng::with_seed(11);
        let mut holds = 0;
        for _ in 0..200 {
            // What is paired differs from configuration to configuration.
            let offsets = [-0.2, 0.0, 0.1, 0.3, -0.1, 0.2];
            let groups: Vec<Vec<f64>> = offsets
                .iter()
                .map(|offset| (0..5).map(|_| offset + 0.1 * normal(&mut rng)).collect())
                .collect();
            let truth = 0.05_f64.exp();
            let (low, high) = interval(&groups, 999).unwrap();
            holds += u32::from(low <= truth && truth <= high);
        }
        assert!((180..=198).contains(&holds), "{holds} of 200");
    }

    #[test]
    fn the_median_is_the_middle_or_between_both_middles() {
        assert_eq!(median([3.0, 1.0, 8.0]), Some(3.0));
        assert_eq!(median([4.0, 1.0, 2.0, 8.0]), Some(3.0));
        assert_eq!(median([5.0]), Some(5.0));
        assert_eq!(median([]), None);
    }
}
