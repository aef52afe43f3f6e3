//! What the verdict is made from: a band as client and server saw it.

use std::collections::BTreeMap;

use crate::scaling::Region;

/// A finished band of a closed loop.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ObservedBand {
    pub workers: u32,
    pub connections: u32,
    /// Absent where the bands cannot be compared by their workers.
    pub region: Option<Region>,
    /// Seconds of the measured phase that were both timed and sampled, in order.
    pub seconds: Vec<ObservedSecond>,
    /// Mean seconds an operation waited for a connection; 0 where every worker has its own.
    pub pool_wait_s: f64,
    /// Mean response time of the whole band in seconds; absent when nothing completed.
    pub response_s: Option<f64>,
    pub response_p50_s: Option<f64>,
    /// Failed over attempted operations, 0 to 1.
    pub error_rate: f64,
    /// Throughput × response time over workers; absent when nothing completed.
    pub little_ratio: Option<f64>,
    /// Looks per second that the sampler managed; absent when nothing was sampled.
    pub sampler_hz: Option<f64>,
    /// Statements of one operation, on average.
    pub statements_per_operation: f64,
    pub client: ObservedClient,
    pub server: ServerCounters,
}

/// One second of a band.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ObservedSecond {
    pub length_s: f64,
    /// Operations that succeeded.
    pub operations: f64,
    /// Their response times, added up, in seconds.
    pub response_sum_s: f64,
    /// Looks at the activity of the server.
    pub samples: u32,
    /// `STATE/TYPE:EVENT` of the run's backends, added up over the looks.
    pub backends: BTreeMap<String, u32>,
}

/// What the load generator says of itself. Absent is absent, never 0.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ObservedClient {
    /// CPU time as a share (0 to 1) of the cores that it could use.
    pub cpu_share: Option<f64>,
    /// 99th percentile of its scheduling lag, in seconds.
    pub lag_p99_s: Option<f64>,
    /// Whether no core that it runs on is one of the server's.
    pub own_cores: Option<bool>,
    /// Median seconds of an empty statement on a connection of its own.
    pub round_trip_s: Option<f64>,
    /// Time connections were held, as a share (0 to 1) of connections × seconds.
    pub connections_in_use: Option<f64>,
}

/// Differences of the server's counters over the band, and its machine. Absent is absent, never 0.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct ServerCounters {
    /// Seconds between the two readings.
    pub length_s: f64,
    /// Busy share (0 to 1) of the cores that the server may use.
    pub cpu_busy: Option<f64>,
    /// CPU seconds of the run's backends.
    pub cpu_s: Option<f64>,
    /// Seconds that the run's backends were runnable and did not run.
    pub run_queue_delay_s: Option<f64>,
    pub throttled: Option<bool>,
    pub blocks_read: Option<f64>,
    pub blocks_hit: Option<f64>,
    pub blocks_written: Option<f64>,
    /// Only where the server times its I/O.
    pub io_time_s: Option<f64>,
    pub wal_bytes: Option<f64>,
    /// Seconds spent flushing the log, summed over backends; only where the server times it.
    pub wal_sync_s: Option<f64>,
    /// Mean number of locks that were waited for.
    pub locks_waited_for: Option<f64>,
    pub temp_bytes: Option<f64>,
    pub evictions: Option<f64>,
    /// Share (0 to 1) of the time in which some task waited for memory.
    pub memory_pressure: Option<f64>,
}
