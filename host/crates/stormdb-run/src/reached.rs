//! Which arrival rates a run reached, and what kept it from the others.

use crate::{
    measurement::{BandMeasurement, EXECUTOR_BUSY_MAX},
    plan::BandPlan,
    record::RunRecord,
};

/// The share of the scheduled operations that may never begin at a rate that counts as reached.
pub const SHORTFALL_MAX: f64 = 0.005;

/// The share of their time from which on workers count as busy all the time.
const WORKERS_BUSY: f64 = 0.9;

/// A finished band of an open loop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RatedBand {
    /// Index of the band in the plan, from 1.
    pub band: u32,
    /// Operations per second that were asked for.
    pub asked: f64,
    /// Operations per second that began.
    pub begun: f64,
    /// Absent where the rate was reached.
    pub shortfall: Option<Shortfall>,
}

/// Why a rate was not reached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shortfall {
    /// Operations that never began.
    pub unstarted: u64,
    pub limit: Limit,
}

/// What had no more to give; `busy` is a share (0 to 1) of the measured phase.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// The CPU time of an executor.
    Generator { busy: f64 },
    /// Connections that workers held.
    Workers { busy: f64 },
    /// Neither, on the average: there was a stall near the end, or the machine was busy with
    /// something else.
    Unknown { busy: f64 },
}

/// The finished bands of an open loop, in the record's order; none for a closed loop.
#[must_use]
pub fn rated_bands(record: &RunRecord) -> Vec<RatedBand> {
    record
        .measured()
        .filter_map(|(band, measurement)| RatedBand::of(&band.plan, measurement))
        .collect()
}

impl RatedBand {
    /// Nothing for a closed loop, and for a band without length.
    #[must_use]
    pub fn of(plan: &BandPlan, measurement: &BandMeasurement) -> Option<Self> {
        let (arrivals, tally) = (plan.arrivals?, measurement.arrivals.as_ref()?);
        let begun = measurement.begun_per_second()?;
        let unstarted = tally.unstarted;
        // At any moment, the last one too, each worker may have one that is due and not begun.
        let short = unstarted > u64::from(plan.workers)
            && measurement.unstarted_share().is_some_and(|share| share > SHORTFALL_MAX);
        let shortfall = || Shortfall { unstarted, limit: limit(plan, measurement) };
        Some(Self {
            band: plan.index,
            asked: arrivals.rate,
            begun,
            shortfall: short.then(shortfall),
        })
    }
}

fn limit(plan: &BandPlan, measurement: &BandMeasurement) -> Limit {
    let generator = measurement.busiest_executor().map(|load| load.utilisation);
    if let Some(busy) = generator.filter(|busy| *busy > EXECUTOR_BUSY_MAX) {
        return Limit::Generator { busy };
    }
    let usable = plan.connections.min(plan.workers);
    let busy =
        measurement.connection_utilisation * f64::from(plan.connections) / f64::from(usable.max(1));
    if busy >= WORKERS_BUSY { Limit::Workers { busy } } else { Limit::Unknown { busy } }
}
