//! Asymptotic bounds of a closed system: what no arrangement of its queues can exceed.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::finite::{computed, require_finite_value};

/// Clients, servers or centres beyond which a model is refused rather than computed for minutes.
pub(crate) const POPULATION_MAX: u32 = 1_000_000;

/// Bounds from demands alone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClosedBounds {
    /// At most so many completions per second.
    pub throughput: f64,
    /// At least so many seconds of response.
    pub response_s: f64,
    /// Clients at which both bounds of the throughput meet: the knee.
    pub saturation_clients: f64,
}

impl ClosedBounds {
    /// `X <= min(N / (Z + D), 1 / D_max)`, `R >= max(D, N D_max - Z)`, `N* = (Z + D) / D_max` (Lazowska et al.,
    /// "Quantitative System Performance" (1984), table 5.2). All times in seconds, checked by the caller;
    /// `largest_s` is above 0.
    pub(crate) fn new(
        clients: u32,
        think_time_s: f64,
        demand_s: f64,
        largest_s: f64,
    ) -> Result<Self, Error> {
        let clients = f64::from(clients);
        let cycle = think_time_s + demand_s;
        Ok(Self {
            throughput: computed("the bound", (clients / cycle).min(1.0 / largest_s))?,
            response_s: computed("the bound", demand_s.max(clients * largest_s - think_time_s))?,
            saturation_clients: computed("the knee", cycle / largest_s)?,
        })
    }
}

/// Refuses a population of none, or of more than can be computed.
pub(crate) fn require_population(place: &'static str, count: u32) -> Result<(), Error> {
    if (1..=POPULATION_MAX).contains(&count) {
        return Ok(());
    }
    Err(Error::InvalidInput { place, value: f64::from(count), allowed: "1 to 1000000" })
}

/// Refuses numbers that are not finite, then those below 0.
pub(crate) fn require_times(inputs: &[(&'static str, f64)]) -> Result<(), Error> {
    for &(what, value) in inputs {
        require_finite_value(what, value)?;
    }
    match inputs.iter().find(|(_, value)| *value < 0.0) {
        Some(&(place, value)) => Err(Error::InvalidInput { place, value, allowed: "0 or more" }),
        None => Ok(()),
    }
}

/// Refuses 0.
pub(crate) fn require_above_zero(place: &'static str, value: f64) -> Result<(), Error> {
    if value > 0.0 {
        return Ok(());
    }
    Err(Error::InvalidInput { place, value, allowed: "above 0" })
}
