//! One test of one figure: which it is, why, and what it finds.

use serde::{Deserialize, Serialize};

use super::assumptions::SampleCheck;
use super::figures::Samples;
use crate::Error;
use crate::descriptive::{Interval, Sample};
use crate::finite::computed;
use crate::mann_whitney::mann_whitney;
use crate::student::two_sided_p;
use crate::tails::normal_two_sided;
use crate::welch::welch;

/// Pairs below which runs that alternate are compared as two samples all the same: pairing halves the degrees of
/// freedom, which costs few runs more than drift does.
pub const PAIRS_MIN: usize = 6;

/// A test of two samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Of the logarithms of run means.
    Welch,
    /// Student's, of the differences of logarithms of neighbours in time.
    PairedT,
    MannWhitney,
}

impl Method {
    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Welch => "welch",
            Self::PairedT => "paired_t",
            Self::MannWhitney => "mann_whitney",
        }
    }
}

/// Why this test and no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MethodReason {
    /// Nothing speaks against a t-test.
    NothingAgainstT,
    /// As before, and too few runs to have seen it.
    TooFewToCheck,
    /// Runs of both sides alternate in time.
    Alternating,
    /// Outliers or another shape than normal speak against a t-test, and ranks do not mind.
    NotNormal,
    /// The same, and with so few runs ranks cannot become significant.
    NotNormalTooFewForRanks,
    /// Mostly zeros, which have no logarithm.
    HasZeros,
}

pub(super) struct Test {
    pub(super) method: Method,
    pub(super) reason: MethodReason,
    pub(super) p_value: f64,
    pub(super) change: f64,
    pub(super) interval: Option<Interval>,
}

impl Test {
    /// Both samples have 2 values or more, which are not all the same. `level` is the level that a p-value must reach
    /// to matter.
    pub(super) fn of(samples: &Samples, confidence: f64, level: f64) -> Result<Self, Error> {
        if !samples.is_positive() {
            return Self::by_ranks(samples, MethodReason::HasZeros, confidence);
        }
        let (before, after) = (logs(&samples.baseline), logs(&samples.current));
        let checks = match &samples.paired {
            Some(pairs) => vec![SampleCheck::of(&differences(pairs))],
            None => vec![SampleCheck::of(&before), SampleCheck::of(&after)],
        };
        let suits = checks.iter().all(SampleCheck::suits_t_test);
        let ranks_can = smallest_rank_p(before.len(), after.len()) <= level;
        if !suits && ranks_can {
            return Self::by_ranks(samples, MethodReason::NotNormal, confidence);
        }
        let reason = match (suits, samples.paired.is_some()) {
            (false, _) => MethodReason::NotNormalTooFewForRanks,
            (true, true) => MethodReason::Alternating,
            (true, false) if checks.iter().any(|check| check.normality_p.is_none()) => {
                MethodReason::TooFewToCheck
            }
            (true, false) => MethodReason::NothingAgainstT,
        };
        let found = match samples.paired.as_deref() {
            Some(pairs) if pairs.len() > 1 => {
                paired_t(&differences(pairs), confidence)?.map(|found| (Method::PairedT, found))
            }
            _ => match welch(&before, &after, confidence) {
                Ok(found) => {
                    Some((Method::Welch, (found.difference, found.p_value, found.interval)))
                }
                Err(Error::ZeroVariance { .. }) => None,
                Err(error) => return Err(error),
            },
        };
        match found {
            Some((method, (difference, p_value, interval))) => Ok(Self {
                method,
                reason,
                p_value,
                change: computed("the change", difference.exp_m1())?,
                interval: Some(ratio(interval)?),
            }),
            // Each side is constant and they differ: a t-test has nothing to divide by.
            None => Self::by_ranks(samples, MethodReason::NotNormal, confidence),
        }
    }

    /// The change is the median of all differences: of logarithms where there are any.
    fn by_ranks(samples: &Samples, reason: MethodReason, confidence: f64) -> Result<Self, Error> {
        let positive = samples.is_positive();
        let (before, after) = if positive {
            (logs(&samples.baseline), logs(&samples.current))
        } else {
            (samples.baseline.clone(), samples.current.clone())
        };
        let found = mann_whitney(&before, &after)?;
        let interval = shift_interval(&before, &after, confidence);
        let (change, interval) = if positive {
            let change = computed("the change", found.shift.exp_m1())?;
            (change, interval.map(ratio).transpose()?)
        } else if samples.quantity.is_ratio() {
            // Without logarithms a ratio of means is all there is; of a mean of 0 it is none.
            (samples.change_of_means().unwrap_or(0.0), None)
        } else {
            (samples.change_of_means().unwrap_or(found.shift), interval)
        };
        Ok(Self { method: Method::MannWhitney, reason, p_value: found.p_value, change, interval })
    }
}

/// Difference, p-value and interval; nothing where all differences are equal.
fn paired_t(differences: &[f64], confidence: f64) -> Result<Option<(f64, f64, Interval)>, Error> {
    let described = Sample::new(differences)?.describe(confidence)?;
    let (Some(sd), Some(interval)) = (described.sd, described.confidence_interval) else {
        return Ok(None);
    };
    if sd <= 0.0 {
        return Ok(None);
    }
    let n = differences.len() as f64;
    let t = computed("the t statistic", described.mean / (sd / n.sqrt()))?;
    Ok(Some((described.mean, two_sided_p(t, n - 1.0), interval)))
}

/// Confidence interval of the shift by inverting the rank test: the differences at `C` and `n1 n2 + 1 - C` of the
/// sorted ones, `C = floor(n1 n2 / 2 - z sqrt(n1 n2 (n1 + n2 + 1) / 12))` (Hollander, Wolfe and Chicken,
/// "Nonparametric Statistical Methods" (2014), section 4.3). Nothing where there are too few for this confidence.
fn shift_interval(before: &[f64], after: &[f64], confidence: f64) -> Option<Interval> {
    let (n1, n2) = (before.len() as f64, after.len() as f64);
    let mut differences: Vec<f64> =
        after.iter().flat_map(|new| before.iter().map(move |base| new - base)).collect();
    differences.sort_by(f64::total_cmp);
    let spread = (n1 * n2 * (n1 + n2 + 1.0) / 12.0).sqrt();
    let rank = (n1 * n2 / 2.0 - normal_two_sided(confidence) * spread).floor();
    if rank < 1.0 {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank lies between 1 and half the number of differences"
    )]
    let place = rank as usize - 1;
    Some(Interval { low: differences[place], high: differences[differences.len() - 1 - place] })
}

/// `2 / C(n1 + n2, n1)`: every observation of one side above every one of the other.
fn smallest_rank_p(n1: usize, n2: usize) -> f64 {
    let arrangements = (1..=n1).fold(1.0, |all, k| all * (n2 + k) as f64 / k as f64);
    2.0 / arrangements
}

fn ratio(interval: Interval) -> Result<Interval, Error> {
    Ok(Interval {
        low: interval.low.exp_m1(),
        high: computed("the interval of the change", interval.high.exp_m1())?,
    })
}

fn logs(values: &[f64]) -> Vec<f64> {
    values.iter().map(|value| value.ln()).collect()
}

fn differences(pairs: &[(f64, f64)]) -> Vec<f64> {
    pairs.iter().map(|(before, after)| (after / before).ln()).collect()
}
