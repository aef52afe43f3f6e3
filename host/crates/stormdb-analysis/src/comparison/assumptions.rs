//! What a t-test assumes of its samples, looked at before it is believed: outliers, normality, enough runs.

use serde::{Deserialize, Serialize};

use crate::balance::MODIFIED_Z_MAX;
use crate::sum::{mean, median};
use crate::tails::{normal_cdf, normal_quantile};

/// Runs below which normality is not looked at: no test of so few says anything.
pub const NORMALITY_MIN: usize = 5;

/// Below it a sample is not called normal. Strict, because a t-test of means bears much.
pub const NORMALITY_P_MIN: f64 = 0.01;

/// Runs per side below which a comparison is called weak: with fewer, Mann-Whitney can hardly become significant and
/// a t-test leans on normality that nobody can check.
pub const RUNS_ADVISED: usize = 5;

/// What was seen of one side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SampleCheck {
    pub runs: usize,
    /// Positions of runs whose modified z-score is beyond 3.5.
    pub outliers: Vec<usize>,
    /// Of the Shapiro-Francia test; absent below [`NORMALITY_MIN`] runs and without spread.
    pub normality_p: Option<f64>,
}

impl SampleCheck {
    pub(crate) fn of(values: &[f64]) -> Self {
        Self {
            runs: values.len(),
            outliers: outliers(values),
            normality_p: shapiro_francia(values),
        }
    }

    /// Whether nothing speaks against a t-test.
    #[must_use]
    pub fn suits_t_test(&self) -> bool {
        self.outliers.is_empty() && self.normality_p.is_none_or(|p| p >= NORMALITY_P_MIN)
    }
}

/// Positions with `|0.6745 (x - median) / MAD| > 3.5` (Iglewicz and Hoaglin, "How to Detect and Handle Outliers"
/// (1993)). None below 5 values and with a MAD of 0: there every deviation would be one.
fn outliers(values: &[f64]) -> Vec<usize> {
    if values.len() < NORMALITY_MIN {
        return Vec::new();
    }
    let centre = median(values);
    let deviations: Vec<f64> = values.iter().map(|value| (value - centre).abs()).collect();
    let spread = median(&deviations);
    if spread <= 0.0 {
        return Vec::new();
    }
    let beyond = |deviation: f64| 0.6745 * deviation / spread > MODIFIED_Z_MAX;
    (0..values.len()).filter(|&index| beyond(deviations[index])).collect()
}

/// The p-value of normality: `W'`, the squared correlation of the ordered values with Blom's normal scores, made normal
/// by Royston's transformation (Royston, "A toolkit for testing for non-normality", The Statistician 42 (1993)).
fn shapiro_francia(values: &[f64]) -> Option<f64> {
    let n = values.len();
    if n < NORMALITY_MIN {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let size = n as f64;
    let scores: Vec<f64> =
        (1..=n).map(|rank| normal_quantile((rank as f64 - 0.375) / (size + 0.25))).collect();
    let centre = mean(&sorted);
    let cross: f64 = sorted.iter().zip(&scores).map(|(x, score)| (x - centre) * score).sum();
    let spread: f64 = sorted.iter().map(|x| (x - centre).powi(2)).sum();
    let scale: f64 = scores.iter().map(|score| score * score).sum();
    if spread <= 0.0 {
        return None;
    }
    let w = (cross * cross / (spread * scale)).min(1.0);
    let u = size.ln();
    let v = u.ln();
    let (centre, sd) = (-1.2725 + 1.0521 * (v - u), 1.0308 - 0.26758 * (v + 2.0 / u));
    // Perfectly straight: as normal as can be.
    let z = if w < 1.0 { ((1.0 - w).ln() - centre) / sd } else { f64::NEG_INFINITY };
    Some(1.0 - normal_cdf(z))
}

#[cfg(test)]
mod tests {
    use super::{SampleCheck, shapiro_francia};

    /// The weights of Shapiro and Wilk's paper (Biometrika 52 (1965)); the p-value of Royston's formulas by numpy 2
    /// and scipy 1.17. Shapiro-Wilk itself gives 0.0067.
    #[test]
    fn normality_agrees_with_the_formulas() {
        let weights = [148.0, 154.0, 158.0, 160.0, 161.0, 162.0, 166.0, 170.0, 182.0, 195.0, 236.0];
        let p = shapiro_francia(&weights).unwrap();
        assert!((p - 0.007_347_640_014_56).abs() < 1e-9, "{p}");
    }

    #[test]
    fn a_run_apart_is_an_outlier_and_a_few_runs_prove_nothing() {
        let check = SampleCheck::of(&[100.0, 101.0, 99.5, 100.5, 60.0, 100.2]);
        assert_eq!(check.outliers, [4]);
        assert!(!check.suits_t_test());
        let few = SampleCheck::of(&[100.0, 60.0, 99.0]);
        assert_eq!((few.outliers.len(), few.normality_p), (0, None));
        assert!(few.suits_t_test());
        assert_eq!(SampleCheck::of(&[5.0; 8]).normality_p, None);
    }
}
