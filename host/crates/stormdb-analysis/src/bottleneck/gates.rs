//! What a band must be before anything is said of its limit.

use serde::{Deserialize, Serialize};

use super::observed::{ObservedBand, ObservedSecond};
use crate::Error;
use crate::little::LITTLE_TOLERANCE;
use crate::steady_mean::{SteadyMean, steady_mean};

/// Share of failed operations above which response times leave too much out.
const ERROR_RATE_MAX: f64 = 0.01;

/// Sampled backends below which shares are noise.
const SAMPLED_MIN: u64 = 300;

/// Sampled backends of the reference band, of which only a small response time is subtracted.
const REFERENCE_SAMPLED_MIN: u64 = 30;

/// Looks per second below which the sampler was starved, and saw what was left.
const SAMPLER_HZ_MIN: f64 = 8.0;

/// Seconds below which a band cannot be drawn from in blocks.
const SECONDS_MIN: usize = 6;

/// Difference of the two halves' throughput, over their mean, above which a band too short for the warm-up rule is not
/// steady, if it is also beyond [`DRIFT_ERRORS`].
const DRIFT_MAX: f64 = 0.2;
const DRIFT_ERRORS: f64 = 3.0;

/// Why no limit is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Undetermined {
    /// The activity of the server was not sampled.
    NotSampled,
    NothingCompleted,
    /// Fewer than 6 seconds that were both timed and sampled.
    TooShort,
    NotSteady,
    /// Throughput × response time is not the number of workers: the measurement is not whole.
    LittlesLaw,
    Errors,
    FewSamples,
    SamplerSlow,
    /// No smaller band passed the same gates.
    NoReference,
    /// Operations arrive at a given rate: response times are no function of the workers.
    OpenLoop,
    /// Throughput stopped growing and the response time did not grow.
    NothingAdded,
    /// The added time was spent in waits that are no queue of a known class.
    OtherWaits,
    /// The added time was spent neither in the server nor in the pool, as far as anyone saw, and nothing shows it in the
    /// client either.
    Unseen,
    /// The server's counters contradict the samples.
    Contradicted,
    /// Less likely than 0.6.
    LowConfidence,
}

impl Undetermined {
    /// The stable name.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::NotSampled => "not-sampled",
            Self::NothingCompleted => "nothing-completed",
            Self::TooShort => "too-short",
            Self::NotSteady => "not-steady",
            Self::LittlesLaw => "littles-law",
            Self::Errors => "errors",
            Self::FewSamples => "few-samples",
            Self::SamplerSlow => "sampler-slow",
            Self::NoReference => "no-reference",
            Self::OpenLoop => "open-loop",
            Self::NothingAdded => "nothing-added",
            Self::OtherWaits => "other-waits",
            Self::Unseen => "unseen",
            Self::Contradicted => "contradicted",
            Self::LowConfidence => "low-confidence",
        }
    }
}

/// The first gate that the band fails, if any.
pub(super) fn failed_gate(band: &ObservedBand) -> Result<Option<Undetermined>, Error> {
    Ok(match reference_gate(band)? {
        Some(failed) => Some(failed),
        None if sampled(band) < SAMPLED_MIN => Some(Undetermined::FewSamples),
        None => None,
    })
}

/// As [`failed_gate`], for a band that others are compared with.
pub(super) fn reference_gate(band: &ObservedBand) -> Result<Option<Undetermined>, Error> {
    let Some(sampler_hz) = band.sampler_hz else { return Ok(Some(Undetermined::NotSampled)) };
    if band.response_s.is_none() {
        return Ok(Some(Undetermined::NothingCompleted));
    }
    if band.seconds.len() < SECONDS_MIN {
        return Ok(Some(Undetermined::TooShort));
    }
    let checks = [
        (band.error_rate < ERROR_RATE_MAX, Undetermined::Errors),
        (
            band.little_ratio.is_some_and(|ratio| (ratio - 1.0).abs() <= LITTLE_TOLERANCE),
            Undetermined::LittlesLaw,
        ),
        (is_steady(&band.seconds)?, Undetermined::NotSteady),
        (sampler_hz >= SAMPLER_HZ_MIN, Undetermined::SamplerSlow),
        (sampled(band) >= REFERENCE_SAMPLED_MIN, Undetermined::FewSamples),
    ];
    Ok(checks.into_iter().find(|(passed, _)| !passed).map(|(_, failed)| failed))
}

fn sampled(band: &ObservedBand) -> u64 {
    band.seconds.iter().flat_map(|second| second.backends.values()).map(|&one| u64::from(one)).sum()
}

/// By the warm-up rule where the band is long enough for it; else its halves must not differ by more than a fifth.
fn is_steady(seconds: &[ObservedSecond]) -> Result<bool, Error> {
    let throughput: Vec<f64> = seconds
        .iter()
        .filter(|second| second.length_s > 0.0)
        .map(|second| second.operations / second.length_s)
        .collect();
    Ok(match steady_mean(&throughput, 0.95)? {
        SteadyMean::Steady { .. } => true,
        SteadyMean::NotSteady { .. } => false,
        SteadyMean::TooShort { .. } => {
            let (first, second) = throughput.split_at(throughput.len() / 2);
            let [(mean_1, error_1), (mean_2, error_2)] = [first, second].map(mean_and_error);
            let difference = (mean_2 - mean_1).abs();
            difference <= DRIFT_MAX * f64::midpoint(mean_1, mean_2)
                || difference <= DRIFT_ERRORS * error_1.hypot(error_2)
        }
    })
}

/// The mean and its standard error.
fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len().max(2) as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0) / n).sqrt())
}
