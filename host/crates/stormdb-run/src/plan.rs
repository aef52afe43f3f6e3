//! The bands of a run.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// One band of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BandPlan {
    /// From 1.
    pub index: u32,
    pub workers: u32,
    pub connections: u32,
    pub warmup: Duration,
    pub measure: Duration,
    pub cooldown: Duration,
}

/// All bands of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunPlan {
    pub bands: Vec<BandPlan>,
}
