//! What queueing theory expects of each band, beside what was measured.

mod closed;
mod open;

use serde::{Deserialize, Serialize};

pub use self::closed::{ClosedBand, ClosedQueueing, Demand, Expected, PoolQueue};
pub use self::open::{OpenBand, OpenQueueing, OpenState};
use super::absent::Absent;
use crate::Error;

/// A band as a queueing model sees it. Times in seconds; absent is absent, not 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LoadedBand {
    pub workers: u32,
    pub connections: u32,
    /// Completed transactions per second.
    pub tps: f64,
    /// Half the width of the confidence interval of `tps`.
    pub tps_half_width: Option<f64>,
    /// Mean time from asking, or from the scheduled start, to the answer.
    pub response_s: Option<f64>,
    /// Mean time that a transaction holds a connection.
    pub held_s: Option<f64>,
    /// Coefficient of variation of that time.
    pub held_cov: Option<f64>,
    /// Mean wait for a connection.
    pub pool_wait_s: Option<f64>,
    /// Whether throughput no longer grows with workers.
    pub saturated: bool,
    /// Absent for a closed loop.
    pub arrivals: Option<ScheduledArrivals>,
    pub server: ServerSide,
}

/// What the server showed of a band.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ServerSide {
    /// Empty statements, as many as a transaction has.
    pub round_trips_s: Option<f64>,
    /// CPU time of the backends per transaction.
    pub cpu_s: Option<f64>,
    pub cores: Option<u32>,
    /// Execution of the statements of a transaction, as the server counts it.
    pub statements_s: Option<f64>,
}

/// How operations of an open loop arrive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScheduledArrivals {
    /// Per second, above 0.
    pub rate: f64,
    /// Coefficient of variation of the gaps: 1 for Poisson arrivals, 0 for equal gaps.
    pub cov: f64,
}

/// Expectations for a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "loop", rename_all = "snake_case")]
pub enum Queueing {
    Closed(ClosedQueueing),
    Open(OpenQueueing),
}

/// Expectations for bands ordered by load: of a closed system where workers loop, of an open one where operations are
/// scheduled. Where only some are scheduled, they are judged alone.
///
/// Errors: `non_finite`, `invalid_input` (negative times, no workers, no connections), `overflow`.
pub fn queueing(bands: &[LoadedBand]) -> Result<Result<Queueing, Absent>, Error> {
    if bands.is_empty() {
        return Ok(Err(Absent::NoBands));
    }
    if bands.iter().any(|band| band.arrivals.is_some()) {
        return Ok(open::open(bands)?.map(Queueing::Open));
    }
    Ok(closed::closed(bands)?.map(Queueing::Closed))
}
