//! One band of a plan: its size, its times, and why it is run.

use std::time::Duration;

use serde::{Deserialize, Serialize};
pub use stormdb_analysis::placement::Reason;

use crate::config::run_config::{Arrivals, StopRule};
use crate::config::seconds;
use crate::measurement::INTERVAL;

/// Intervals in the shortest measured phase of a band that may end early.
const INTERVALS_AT_LEAST: u32 = 60;

/// Below this, an interval says more about the moment at which it ends than about the server.
const INTERVAL_MIN: Duration = Duration::from_millis(100);

/// One band: how many workers share how many connections, and for how long.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BandPlan {
    /// From 1; no two bands of a run have the same, repeats included.
    pub index: u32,
    pub workers: u32,
    pub connections: u32,
    /// Absent for a closed loop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrivals: Option<Arrivals>,
    #[serde(rename = "warmup_seconds", with = "seconds")]
    pub warmup: Duration,
    /// With `stop`, the longest time.
    #[serde(rename = "measure_seconds", with = "seconds")]
    pub measure: Duration,
    #[serde(rename = "cooldown_seconds", with = "seconds")]
    pub cooldown: Duration,
    /// Absent where the band takes the whole of its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<StopRule>,
    /// How many bands of this size there are so far, this one included: from 1.
    #[serde(default = "first")]
    pub repeat: u32,
    #[serde(default)]
    pub purpose: Purpose,
    /// Of a band that was placed by those before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
}

/// Why a band is run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// Known before the run.
    #[default]
    Planned,
    /// Placed by the bands before it.
    Refine,
    /// Run once more to confirm the recommendation.
    Confirm,
}

fn first() -> u32 {
    1
}

impl BandPlan {
    /// Warm-up, measured phase and cool-down.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.warmup + self.measure + self.cooldown
    }

    /// The same, with the shortest measured phase that its rule allows.
    #[must_use]
    pub fn shortest_length(&self) -> Duration {
        self.warmup + self.stop.map_or(self.measure, |stop| stop.min) + self.cooldown
    }

    /// Length of the intervals that are recorded: a second, or so much less that the shortest measured phase has
    /// enough of them for its throughput to be judged.
    #[must_use]
    pub fn interval(&self) -> Duration {
        let Some(stop) = self.stop else { return INTERVAL };
        let milliseconds = (stop.min / INTERVALS_AT_LEAST).as_millis();
        let shortest = u64::try_from(milliseconds).unwrap_or(u64::MAX);
        Duration::from_millis(shortest).clamp(INTERVAL_MIN, INTERVAL)
    }

    /// Whether it puts the same load on the target.
    #[must_use]
    pub fn is_same_size(&self, other: &Self) -> bool {
        (self.workers, self.connections, self.arrivals)
            == (other.workers, other.connections, other.arrivals)
    }
}
