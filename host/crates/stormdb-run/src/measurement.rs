//! What an engine measured: intervals while a band runs, and the band as a whole.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::latency::LatencyHistogram;

/// Where a band stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// Connections are opened and workers made; no operation runs.
    Connect,
    /// Operations run and are not measured.
    WarmUp,
    /// Operations run and are measured.
    Measure,
    /// No operation begins; those under way may finish.
    Drain,
    /// Nothing runs.
    CoolDown,
}

/// Countable things; they add up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Operations that succeeded: the transactions of TPS.
    pub operations: u64,
    /// Operations that failed for good.
    pub failed: u64,
    /// Further tries after a serialization failure or a deadlock.
    pub retries: u64,
    /// Statements of succeeded operations: the queries of QPS.
    pub statements: u64,
    pub rows_read: u64,
    pub rows_written: u64,
}

impl Counts {
    /// Adds another count.
    pub fn add(&mut self, other: &Self) {
        let Self { operations, failed, retries, statements, rows_read, rows_written } = other;
        self.operations += operations;
        self.failed += failed;
        self.retries += retries;
        self.statements += statements;
        self.rows_read = self.rows_read.saturating_add(*rows_read);
        self.rows_written = self.rows_written.saturating_add(*rows_written);
    }

    /// Failed operations as a share (0 to 1) of all that ended; nothing where none ended.
    #[must_use]
    pub fn error_rate(&self) -> Option<f64> {
        ratio(self.failed, self.operations + self.failed)
    }
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "counts of operations are far below 2^53")]
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Length of an interval where nobody asks for another.
pub const INTERVAL: Duration = Duration::from_secs(1);

/// One closed interval of a second, or of less where a band may end early, merged over all executors.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// `warm-up` or `measure`.
    pub phase: Phase,
    /// Since the beginning of the phase.
    pub start_ms: u64,
    pub length_ms: u64,
    pub counts: Counts,
    /// Response time of succeeded operations.
    pub response: LatencyHistogram,
}

impl Interval {
    /// Succeeded operations per second; nothing for an interval without length.
    #[must_use]
    pub fn tps(&self) -> Option<f64> {
        ratio(self.counts.operations * 1000, self.length_ms)
    }
}

/// Operations that failed for the same reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorTally {
    /// Stable kebab-case class, such as `serialization-failure` or `deadline-exceeded`.
    pub class: String,
    /// The server's SQLSTATE, where it sent one.
    pub sqlstate: Option<String>,
    pub count: u64,
    /// The first message of this class.
    pub example: String,
}

/// What one operation of the workload's mix did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OperationTally {
    pub name: String,
    /// `read` or `write`.
    pub class: String,
    pub operations: u64,
    pub failed: u64,
    /// Response time of succeeded operations.
    pub response: LatencyHistogram,
}

/// Share of its time above which an executor is the limit: what is left is not enough for the bursts
/// in which replies come.
pub const EXECUTOR_BUSY_MAX: f64 = 0.7;

/// What the load took of one executor in the measured phase: whether it, and not the server, was the
/// limit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExecutorLoad {
    /// From 0.
    pub executor: u32,
    /// CPU time of its thread, as a share (0 to 1) of the phase.
    pub utilisation: f64,
    /// Scheduling lag: how late it came to what was due, twenty times a second or more often.
    pub lag: LatencyHistogram,
}

/// What became of the operations of an open loop that were scheduled to start in the measured
/// phase, beyond those that are counted as begun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArrivalTally {
    /// Never began, because no worker was free in time.
    pub unstarted: u64,
    /// From a scheduled start to the moment at which the worker that waited for it went on: how
    /// precise the pacing is. Without the starts for which a worker came too late.
    pub lateness: LatencyHistogram,
}

impl ArrivalTally {
    /// Adds another executor's.
    pub fn merge(&mut self, other: &Self) {
        let Self { unstarted, lateness } = other;
        self.unstarted += unstarted;
        self.lateness.merge(lateness);
    }
}

/// A finished band.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BandMeasurement {
    /// Length of the measured phase.
    pub seconds: f64,
    pub counts: Counts,
    /// From the moment a worker was ready to operate, or from the scheduled start in an open loop,
    /// until its operation succeeded: pool wait, service and retries.
    pub response: LatencyHistogram,
    /// The time a connection was held by succeeded operations.
    pub service: LatencyHistogram,
    /// The time workers waited for a connection; absent where every worker has its own.
    pub pool_wait: Option<LatencyHistogram>,
    pub errors: Vec<ErrorTally>,
    pub operations: Vec<OperationTally>,
    /// Time connections were held, as a share (0 to 1) of connections × seconds.
    pub connection_utilisation: f64,
    /// Single-threaded executors that shared the band.
    pub executors: u32,
    /// CPU seconds of the load process in the measured phase, from the operating system.
    pub client_cpu_seconds: Option<f64>,
    /// Peak resident memory of the load process so far.
    pub peak_rss_bytes: Option<u64>,
    /// Operations that were still under way when the drain ended, and were cancelled.
    pub cancelled_at_drain: u64,
    /// In the order of their numbers; empty in records of the first format.
    #[serde(default)]
    pub executor_loads: Vec<ExecutorLoad>,
    /// Absent for a closed loop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrivals: Option<ArrivalTally>,
}

impl BandMeasurement {
    /// Succeeded operations per second; nothing for a band without length.
    #[must_use]
    pub fn tps(&self) -> Option<f64> {
        self.per_second(self.counts.operations)
    }

    /// Statements of succeeded operations per second.
    #[must_use]
    pub fn qps(&self) -> Option<f64> {
        self.per_second(self.counts.statements)
    }

    /// The executor that was busiest; nothing in records of the first format.
    #[must_use]
    pub fn busiest_executor(&self) -> Option<&ExecutorLoad> {
        self.executor_loads.iter().max_by(|a, b| a.utilisation.total_cmp(&b.utilisation))
    }

    /// Operations per second that began, whatever became of them.
    #[must_use]
    pub fn begun_per_second(&self) -> Option<f64> {
        self.per_second(self.begun())
    }

    /// Operations that never began, as a share (0 to 1) of those that were scheduled; nothing for
    /// a closed loop.
    #[must_use]
    pub fn unstarted_share(&self) -> Option<f64> {
        let unstarted = self.arrivals.as_ref()?.unstarted;
        ratio(unstarted, self.begun() + unstarted)
    }

    fn begun(&self) -> u64 {
        self.counts.operations + self.counts.failed + self.cancelled_at_drain
    }

    fn per_second(&self, count: u64) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "counts of operations are far below 2^53")]
        (self.seconds > 0.0).then(|| count as f64 / self.seconds)
    }
}
