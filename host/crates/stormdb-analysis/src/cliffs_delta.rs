//! Cliff's delta: how often one sample exceeds the other, whatever the unit.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::two_samples::TwoSamples;

/// An effect size from -1 (every current observation is smaller) to 1 (every one is larger).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CliffsDelta {
    pub delta: f64,
    /// Probability that a current observation exceeds one of the baseline, equal ones counted half: Vargha and
    /// Delaney's A12.
    pub a12: f64,
    pub magnitude: Magnitude,
}

/// Of an effect size: `|delta|` below 0.147, 0.33, 0.474, or more (Romano et al., Florida Association of
/// Institutional Research (2006)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Magnitude {
    Negligible,
    Small,
    Medium,
    Large,
}

impl Magnitude {
    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Negligible => "negligible",
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
        }
    }
}

/// `(#(current > baseline) - #(current < baseline)) / (n1 n2)` (Cliff, Psychological Bulletin 114 (1993)), and
/// `A12 = (delta + 1) / 2` (Vargha and Delaney, Journal of Educational and Behavioral Statistics 25 (2000)).
///
/// Errors, in this order: `too_few` (an empty sample), `non_finite`.
pub fn cliffs_delta(baseline: &[f64], current: &[f64]) -> Result<CliffsDelta, Error> {
    let pairs = TwoSamples::new(baseline, current, 1)?.pairs();
    let less = pairs.all - pairs.greater - pairs.equal;
    let delta = (pairs.greater as f64 - less as f64) / pairs.all as f64;
    let magnitude = match delta.abs() {
        size if size < 0.147 => Magnitude::Negligible,
        size if size < 0.33 => Magnitude::Small,
        size if size < 0.474 => Magnitude::Medium,
        _ => Magnitude::Large,
    };
    Ok(CliffsDelta { delta, a12: (delta + 1.0) / 2.0, magnitude })
}
