//! What a reader should know before trusting an assessment. The words belong to the report; these are the facts.

use serde::{Deserialize, Serialize};

/// A fact that weakens or bounds a finding. `band` and `bands` are positions in the list that was assessed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "id", rename_all = "snake_case")]
pub enum Warning {
    /// Fewer than three bands: no curvature, and no region beyond the first gain.
    FewBands { bands: usize },
    /// The best band is the largest one tried: the peak may lie beyond it.
    PeakNotReached { band: usize },
    /// Bands that completed nothing.
    NoThroughput { bands: Vec<usize> },
    /// Too many operations failed for the band to be recommended.
    ErrorRateHigh { band: usize, error_rate: f64 },
    /// Bands without a confidence interval of the throughput: too short or not steady.
    NoInterval { bands: Vec<usize> },
    /// The gain over the band before is smaller than its own error, so the region is a guess.
    GainWithinError { band: usize, gain_tps: f64, error_tps: f64 },
    /// Measurement error leaves more than one band that could be the optimal one.
    OptimumUncertain { optimal: usize, plausible: Vec<usize> },
    /// Throughput times response time disagrees with the number of workers (Little's law).
    LittleMismatch { band: usize, ratio: f64, impossible: bool },
    /// Fewer connections than workers: the database sees at most the connections, and workers wait for them.
    PoolSmallerThanWorkers { bands: Vec<usize> },
    /// Workers and connections both vary, in different proportion: their effects cannot be told apart.
    PoolRatioVaries { lowest: f64, highest: f64 },
}
