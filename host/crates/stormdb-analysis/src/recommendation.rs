//! What to do about a measured ladder, as typed records: each with its condition met, its evidence, and the gain that
//! was measured or can be predicted. The words and commands belong to the report; these are the facts.

mod limits;
mod sizes;

use serde::{Deserialize, Serialize};

use crate::assess::points::BandPoint;
use crate::assess::regions::Certainty;
use crate::assess::{Assessment, RegionsAbsent};
use crate::questions::{Basis, Estimate};

/// All that recommendations are made from. Positions are positions in `bands`.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    pub bands: &'a [BandPoint],
    /// One per band; nothing where workers have connections of their own.
    pub pool_waits: &'a [Option<PoolWait>],
    pub assessment: &'a Assessment,
    /// The peak that the Universal Scalability Law predicts beyond the largest band, in workers.
    pub peak_beyond: Option<Estimate>,
    /// What limits the ladder, where that was determined.
    pub limit: Option<MeasuredLimit>,
}

/// The wait for a connection in a band.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PoolWait {
    pub mean_ms: f64,
    /// Time that connections were held, as a share (0 to 1) of all of their time.
    pub utilisation: f64,
}

/// What took the response time that more load added.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct MeasuredLimit {
    pub component: Limiter,
    pub band: usize,
    /// Seconds of a mean operation in this component, at the band and at the small band it is compared with.
    pub demand_s: f64,
    pub reference_s: f64,
    /// Share of the added response time.
    pub share: f64,
    /// 0 to 1.
    pub confidence: Option<f64>,
}

/// A component that can be the limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limiter {
    Cpu,
    Io,
    Wal,
    Replica,
    Lock,
    Lwlock,
    Memory,
    Pool,
    Generator,
    Network,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recommendation {
    pub advice: Advice,
    pub priority: Priority,
    /// Absent where nothing was measured or can be predicted of it.
    pub gain: Option<Gain>,
    /// 0 to 1: how sure the condition is that it rests on; absent without intervals.
    pub confidence: Option<f64>,
}

/// What to do, with the facts that call for it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "advice", rename_all = "snake_case")]
pub enum Advice {
    /// Use this band, and not the largest or the fastest.
    Workers { band: usize, instead_of: usize },
    /// Never use more than this: throughput falls beyond.
    Cap { band: usize, falls_at: usize },
    /// Connections beyond the workers are never used.
    FewerConnections { band: usize, connections: u32 },
    /// Workers wait for connections while the server has time.
    LargerPool { band: usize, wait_ms: f64, response_ms: f64, utilisation: f64 },
    /// Keep the load of production between these two.
    ProductionRange { from: usize, to: usize, planned_tps: f64 },
    /// Measure beyond the largest band: throughput still grows there.
    MeasureBeyond { band: usize, workers: u32 },
    /// Measure for longer: there is no interval.
    MeasureLonger { bands: Vec<usize> },
    /// Relieve what limits the server.
    Relieve { limit: MeasuredLimit },
}

/// How much it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    High,
    Medium,
    Low,
}

/// What a recommendation is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Workers and connections of the application.
    Concurrency,
    Pool,
    ServerSettings,
    Hardware,
    Application,
    Capacity,
    Measurement,
}

/// What following it changes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Gain {
    pub quantity: GainQuantity,
    /// As a share of what it is now: 0.3 is 30 % more, -0.3 is 30 % less.
    pub change: Estimate,
    /// Absent where it was measured.
    pub predicted: Option<GainBasis>,
}

/// What changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GainQuantity {
    Throughput,
    P95,
    Connections,
}

/// What a predicted gain rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GainBasis {
    /// The fitted law.
    Model(Basis),
    /// At most this: as if the added time of the limit were gone, and nothing else became one.
    UpperBound,
}

/// Everything that this run calls for, the weightiest first. None of it is said unconditionally.
#[must_use]
pub fn recommend(situation: &Situation<'_>) -> Vec<Recommendation> {
    let mut found = Vec::new();
    // Of an open loop throughput was asked for; its rates are judged by the report.
    if situation.assessment.regions_absent != Some(RegionsAbsent::OpenLoop) {
        found.extend(sizes::workers(situation));
        found.extend(sizes::cap(situation));
        found.extend(sizes::fewer_connections(situation));
        found.extend(sizes::production_range(situation));
        found.extend(sizes::measure_beyond(situation));
        found.extend(limits::larger_pool(situation));
        found.extend(limits::relieve(situation));
    }
    found.extend(sizes::measure_longer(situation));
    found.sort_by_key(|one| one.priority);
    found
}

impl Advice {
    /// The stable name: the documented `type`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Workers { .. } => "worker_count",
            Self::Cap { .. } => "worker_limit",
            Self::FewerConnections { .. } => "connection_count",
            Self::LargerPool { .. } => "pool_size",
            Self::ProductionRange { .. } => "production_range",
            Self::MeasureBeyond { .. } => "measure_beyond",
            Self::MeasureLonger { .. } => "measure_longer",
            Self::Relieve { .. } => "bottleneck",
        }
    }

    #[must_use]
    pub fn category(&self) -> Category {
        match self {
            Self::Workers { .. } | Self::Cap { .. } => Category::Concurrency,
            Self::FewerConnections { .. } | Self::LargerPool { .. } => Category::Pool,
            Self::ProductionRange { .. } => Category::Capacity,
            Self::MeasureBeyond { .. } | Self::MeasureLonger { .. } => Category::Measurement,
            Self::Relieve { limit } => limit.component.category(),
        }
    }
}

impl Limiter {
    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Io => "io",
            Self::Wal => "wal",
            Self::Replica => "replica",
            Self::Lock => "lock",
            Self::Lwlock => "lwlock",
            Self::Memory => "memory",
            Self::Pool => "pool",
            Self::Generator => "generator",
            Self::Network => "network",
        }
    }

    fn category(self) -> Category {
        match self {
            Self::Cpu | Self::Network => Category::Hardware,
            Self::Io | Self::Wal | Self::Replica | Self::Memory => Category::ServerSettings,
            Self::Lock | Self::Lwlock => Category::Application,
            Self::Pool => Category::Pool,
            Self::Generator => Category::Measurement,
        }
    }
}

impl Situation<'_> {
    fn recommended(&self) -> Option<usize> {
        Some(self.assessment.optimum.as_ref()?.recommended())
    }

    fn certainty(&self) -> Option<&Certainty> {
        self.assessment.certainty.as_ref().ok()
    }
}
