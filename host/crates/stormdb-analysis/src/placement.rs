//! Where the next band of an adaptive ladder belongs.

use serde::{Deserialize, Serialize};

/// Why a band is placed where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// At about twice the workers of the predicted peak: what lies beyond it says most of where it is.
    BeyondPeak,
    /// Between the smallest band that is surely good enough and the next smaller one.
    BelowOptimum,
    /// Where one more band makes the predicted peak most certain.
    UncertainPeak,
    /// Between the best bands, because no smooth curve describes all of them.
    BetweenBest,
}
