//! What a band is: how many workers on how many connections, for how long, doing what.

use std::time::Duration;

use stormdb_plugin_api::describe::Class;
use stormdb_run::config::run_config::Arrivals;

use crate::{EngineError, arrivals, pacing::Pacing};

/// One band of load.
#[derive(Clone, Debug)]
pub struct BandSpec {
    /// Logical clients; each executes one operation at a time.
    pub workers: u32,
    /// Connections that the workers share.
    pub connections: u32,
    /// The most executors, such as one per core. See [`executors`](Self::executors).
    pub cores: u32,
    /// Operations run and are not measured; at least one response time long, so that the measured
    /// phase begins in a steady state.
    pub warmup: Duration,
    /// Operations run and are measured.
    pub measure: Duration,
    /// Length of the intervals that are told; the last one of a phase may be shorter.
    pub interval: Duration,
    /// How long operations that are under way may go on after the measured phase.
    pub drain_limit: Duration,
    /// Longest time that an operation may hold a connection, all its tries and the rollback after
    /// them included.
    pub deadline: Duration,
    /// Longest time in which a connection must be had, at the start and when one is replaced.
    pub connect_budget: Duration,
    pub retries: RetryPolicy,
    /// Decides every draw of every worker.
    pub seed: u64,
    /// The workload's operations, in the order of its description.
    pub operations: Vec<OperationSpec>,
    /// Which of them are drawn, and how often.
    pub mix: Vec<Weight>,
    pub pacing: Pacing,
    /// The class of an error by its SQLSTATE, in stable kebab-case.
    pub classify: fn(&str) -> &'static str,
}

/// When a failed operation is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Tries of one operation, the first included; at least 1. Only serialization failures and
    /// deadlocks are tried again.
    pub max_tries: u32,
}

/// One operation of the workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationSpec {
    pub name: String,
    pub class: Class,
}

/// How often an operation is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight {
    /// Index into [`BandSpec::operations`].
    pub operation: u32,
    /// Relative to the sum of all weights; 0 is never drawn.
    pub weight: u32,
}

impl BandSpec {
    /// The executors that share the band: no more than cores, connections or workers.
    #[must_use]
    pub fn executors(&self) -> u32 {
        self.cores.min(self.connections).min(self.workers)
    }

    /// Whether workers share connections; otherwise each keeps its own, and none ever waits.
    #[must_use]
    pub fn shares_connections(&self) -> bool {
        // Both are split evenly, so that this holds for the band exactly when it holds somewhere.
        self.connections < self.workers
    }

    /// Whether an operation may wait between the moment from which its response time counts and
    /// the one at which it has its connection.
    pub(crate) fn may_wait(&self) -> bool {
        self.shares_connections() || matches!(self.pacing, Pacing::OpenLoop { .. })
    }

    pub(crate) fn validate(&self) -> Result<(), EngineError> {
        let invalid = |reason| Err(EngineError::InvalidSpec { reason });
        if self.executors() == 0 {
            return invalid("workers, connections and cores must each be at least 1".to_owned());
        }
        if self.measure.is_zero() || self.interval.is_zero() || self.deadline.is_zero() {
            return invalid(
                "the measured phase, its intervals and the deadline must be longer than 0"
                    .to_owned(),
            );
        }
        if self.retries.max_tries == 0 {
            return invalid("an operation needs at least 1 try".to_owned());
        }
        if let Pacing::OpenLoop { arrivals: Arrivals { rate, .. } } = self.pacing {
            let usable = rate.is_finite() && rate > 0.0;
            if !usable || arrivals::count(rate, self.measure) == 0 {
                return invalid(format!("{rate} operations per second arrive in no phase"));
            }
        }
        let known = self.operations.len();
        if let Some(unknown) = self.mix.iter().find(|weight| weight.operation as usize >= known) {
            let index = unknown.operation;
            return invalid(format!("the mix names operation {index} of {known}"));
        }
        if self.mix.iter().all(|weight| weight.weight == 0) {
            return invalid("the mix draws no operation; give one a weight above 0".to_owned());
        }
        Ok(())
    }
}

/// One executor's part of something that is split evenly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) first: u32,
    pub(crate) count: u32,
}

impl Share {
    /// The `index`th of `parts` shares of `total`; earlier ones get what does not divide evenly.
    pub(crate) fn of(total: u32, parts: u32, index: u32) -> Self {
        let (each, rest) = (total / parts, total % parts);
        Self { first: index * each + index.min(rest), count: each + u32::from(index < rest) }
    }
}

#[cfg(test)]
mod tests {
    use super::Share;

    fn shares(total: u32, parts: u32) -> Vec<(u32, u32)> {
        (0..parts)
            .map(|index| Share::of(total, parts, index))
            .map(|share| (share.first, share.count))
            .collect()
    }

    #[test]
    fn shares_differ_by_one_at_most_and_cover_everything() {
        assert_eq!(shares(8, 2), [(0, 4), (4, 4)]);
        assert_eq!(shares(7, 3), [(0, 3), (3, 2), (5, 2)]);
        assert_eq!(shares(3, 3), [(0, 1), (1, 1), (2, 1)]);
    }

    #[test]
    fn connections_cover_workers_on_every_executor_or_on_none() {
        for (workers, connections, parts) in [(5, 5, 3), (7, 8, 4), (10, 11, 3)] {
            for index in 0..parts {
                let workers = Share::of(workers, parts, index).count;
                assert!(workers <= Share::of(connections, parts, index).count);
            }
        }
    }
}
