//! Whether other figures say the same as the activity samples.

use serde::{Deserialize, Serialize};

use super::attribution::Demands;
use super::component::Component;
use super::observed::{ObservedBand, ServerCounters};

/// CPU time, as a share of the cores, from which a machine or a load generator is busy.
const BUSY: f64 = 0.85;

/// Time spent runnable and not running, as a share of the time on the CPU or waiting for one, from which CPUs are short.
const RUN_QUEUE_SHARE: f64 = 0.2;

/// Lag of the generator, as a share of the median response time, from which it makes the response times; and the share of
/// the added time that it must have taken.
const LAG_SHARE: f64 = 0.1;

/// Lag that timers have by themselves, in seconds.
const TIMER_LAG_S: f64 = 0.003;

/// How far two measures of one quantity may be apart.
const FACTOR: f64 = 2.0;

/// Growth of a rate between the two bands from which it has grown.
const GROWTH: f64 = 1.1;

/// Growth of the CPU time of an operation from which CPUs do more than queue.
const DEMAND_GROWTH: f64 = 1.2;

/// Pressure (0 to 1) from which memory is short.
const PRESSURE: f64 = 0.01;

/// Events per operation, or bytes, below which there are none to speak of.
const NONE_PER_OPERATION: f64 = 0.01;

/// Use of the connections above which a pool can be the limit, and below which it cannot.
const POOL_IN_USE: f64 = 0.9;
const POOL_IDLE: f64 = 0.7;

/// What another figure says of the component that the samples name.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Corroboration {
    pub test: Test,
    /// Absent where the figures are not available.
    pub holds: Option<bool>,
    pub measured: Option<f64>,
    /// The same figure in the reference band, or what it is compared with.
    pub compared_with: Option<f64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Test {
    /// Busy share of the server's cores, at least 0.85.
    CpuBusy,
    /// Time that backends were runnable, at least a fifth of the time they were on a CPU or waiting for one.
    RunQueueDelay,
    CpuThrottled,
    /// Seconds of timed I/O per second, within a factor of 2 of the backends seen in I/O.
    IoTime,
    /// Share of the blocks that were found in the buffers, lower than in the reference band.
    HitRatio,
    /// Blocks read and written per operation: more than none.
    BlocksMoved,
    /// Bytes of log per operation: more than none.
    WalWritten,
    /// Seconds of timed flushes per second, more than in the reference band.
    WalSyncTime,
    /// Locks waited for, within a factor of 2 of the backends seen waiting for them.
    LocksWaitedFor,
    /// Bytes of temporary files per second, more than in the reference band.
    TempBytes,
    /// Buffers evicted per second, more than in the reference band.
    Evictions,
    MemoryPressure,
    /// Share of the time that connections were in use.
    ConnectionsInUse,
    /// CPU seconds of the backends per operation, within a fifth of the reference band's: more of them queue for the same
    /// work. Where it grows they spin, share a core's units, or wait for memory.
    CpuDemand,
    /// CPU time of the load generator, at least 0.85 of its cores.
    ClientBusy,
    /// Scheduling lag of a generator with cores of its own, over a tenth of the median response time.
    ClientLag,
    /// Backends seen waiting for the client within a transaction, at least half of the client's added time.
    WaitsForClient,
    /// Round trips of an empty statement, at least half of the client's added time.
    RoundTrips,
}

impl Test {
    /// The stable name.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::CpuBusy => "cpu-busy",
            Self::RunQueueDelay => "run-queue-delay",
            Self::CpuThrottled => "cpu-throttled",
            Self::IoTime => "io-time",
            Self::HitRatio => "hit-ratio",
            Self::BlocksMoved => "blocks-moved",
            Self::WalWritten => "wal-written",
            Self::WalSyncTime => "wal-sync-time",
            Self::LocksWaitedFor => "locks-waited-for",
            Self::TempBytes => "temp-bytes",
            Self::Evictions => "evictions",
            Self::MemoryPressure => "memory-pressure",
            Self::ConnectionsInUse => "connections-in-use",
            Self::CpuDemand => "cpu-demand",
            Self::ClientBusy => "client-busy",
            Self::ClientLag => "client-lag",
            Self::WaitsForClient => "waits-for-client",
            Self::RoundTrips => "round-trips",
        }
    }
}

/// A band and what it came to.
#[derive(Clone, Copy)]
pub(super) struct Seen<'a> {
    pub(super) band: &'a ObservedBand,
    pub(super) demands: &'a Demands,
}

impl Seen<'_> {
    /// A counter per second of the band.
    fn rate(&self, counter: fn(&ServerCounters) -> Option<f64>) -> Option<f64> {
        let server = &self.band.server;
        counter(server).filter(|_| server.length_s > 0.0).map(|count| count / server.length_s)
    }

    fn per_operation(&self, counter: fn(&ServerCounters) -> Option<f64>) -> Option<f64> {
        self.rate(counter).map(|rate| rate / self.demands.throughput)
    }

    /// Mean number of backends seen in a component.
    fn backends(&self, component: Component) -> f64 {
        self.demands.of(component) * self.demands.throughput
    }

    fn hit_ratio(&self) -> Option<f64> {
        let server = &self.band.server;
        let (read, hit) = server.blocks_read.zip(server.blocks_hit)?;
        (read + hit > 0.0).then(|| hit / (read + hit))
    }
}

/// Whether the generator itself says that it is the limit: step 3, before anything else is looked at.
///
/// A lag counts where the generator has cores of its own: on shared ones a busy server delays it as well. And it must show:
/// rare lateness, on machines where others run, leaves the added time to whatever took it.
pub(super) fn client_is_limit(seen: &Seen<'_>, reference: &Seen<'_>) -> bool {
    let added = seen.demands.response_s - reference.demands.response_s;
    let shows = added_to_client(seen, reference) >= LAG_SHARE * added;
    client_busy(seen).holds == Some(true) || (shows && client_lag(seen).holds == Some(true))
}

/// All that is known for or against a component.
pub(super) fn corroborate(
    component: Component,
    seen: &Seen<'_>,
    reference: &Seen<'_>,
) -> Vec<Corroboration> {
    match component {
        Component::Cpu => vec![
            cpu_busy(seen),
            run_queue_delay(seen),
            throttled(seen),
            cpu_demand(seen, reference),
        ],
        Component::Io => vec![io_time(seen), hit_ratio(seen, reference), blocks_moved(seen)],
        Component::Wal => vec![
            wal_written(seen),
            grown(Test::WalSyncTime, seen, reference, |server| server.wal_sync_s),
        ],
        Component::Replica => vec![wal_written(seen)],
        Component::Lock => vec![locks_waited_for(seen)],
        Component::Memory => vec![
            grown(Test::TempBytes, seen, reference, |server| server.temp_bytes),
            grown(Test::Evictions, seen, reference, |server| server.evictions),
            memory_pressure(seen),
        ],
        Component::Pool => vec![connections_in_use(seen)],
        Component::Client => vec![
            client_busy(seen),
            client_lag(seen),
            waits_for_client(seen, reference),
            round_trips(seen, reference),
        ],
        Component::Lwlock | Component::Other => Vec::new(),
    }
}

/// Whether the figures that are there contradict the component: none confirms it, and those that could are there. What
/// the client does outside of a transaction, and what a lightweight lock protects, nothing counts.
pub(super) fn is_refuted(component: Component, found: &[Corroboration]) -> bool {
    let said = |test: Test| found.iter().find(|one| one.test == test).and_then(|one| one.holds);
    if found.iter().any(|one| one.holds == Some(true)) {
        return false;
    }
    let denies = |test| said(test) == Some(false);
    match component {
        Component::Cpu => denies(Test::CpuBusy) && denies(Test::RunQueueDelay),
        Component::Io => denies(Test::BlocksMoved) || denies(Test::IoTime),
        Component::Wal | Component::Replica => denies(Test::WalWritten),
        Component::Lock => denies(Test::LocksWaitedFor),
        Component::Memory => denies(Test::TempBytes) && denies(Test::Evictions),
        Component::Pool => denies(Test::ConnectionsInUse),
        Component::Client | Component::Lwlock | Component::Other => false,
    }
}

fn of(test: Test, holds: Option<bool>, measured: Option<f64>, with: Option<f64>) -> Corroboration {
    Corroboration { test, holds, measured, compared_with: with }
}

fn at_least(test: Test, measured: Option<f64>, least: f64) -> Corroboration {
    of(test, measured.map(|value| value >= least), measured, Some(least))
}

fn cpu_busy(seen: &Seen<'_>) -> Corroboration {
    at_least(Test::CpuBusy, seen.band.server.cpu_busy, BUSY)
}

fn run_queue_delay(seen: &Seen<'_>) -> Corroboration {
    let on_cpu = seen.backends(Component::Cpu);
    let share = seen
        .rate(|server| server.run_queue_delay_s)
        .filter(|_| on_cpu > 0.0)
        .map(|delayed| delayed / on_cpu);
    at_least(Test::RunQueueDelay, share, RUN_QUEUE_SHARE)
}

fn throttled(seen: &Seen<'_>) -> Corroboration {
    of(Test::CpuThrottled, seen.band.server.throttled, None, None)
}

/// Never enough by itself: an idle CPU has a steady demand as well.
fn cpu_demand(seen: &Seen<'_>, reference: &Seen<'_>) -> Corroboration {
    let measured = seen.per_operation(|server| server.cpu_s);
    let before = reference.per_operation(|server| server.cpu_s);
    let grown = measured.zip(before).is_some_and(|(now, before)| now > DEMAND_GROWTH * before);
    of(Test::CpuDemand, grown.then_some(false), measured, before)
}

fn io_time(seen: &Seen<'_>) -> Corroboration {
    let measured = seen.rate(|server| server.io_time_s);
    let sampled = seen.backends(Component::Io);
    within_factor(Test::IoTime, measured, sampled)
}

fn within_factor(test: Test, measured: Option<f64>, sampled: f64) -> Corroboration {
    let holds = measured.map(|value| value * FACTOR >= sampled && value <= sampled * FACTOR);
    of(test, holds, measured, Some(sampled))
}

fn hit_ratio(seen: &Seen<'_>, reference: &Seen<'_>) -> Corroboration {
    let (measured, before) = (seen.hit_ratio(), reference.hit_ratio());
    let holds = measured.zip(before).map(|(now, before)| now < before - 0.01);
    of(Test::HitRatio, holds, measured, before)
}

fn blocks_moved(seen: &Seen<'_>) -> Corroboration {
    let read = seen.per_operation(|server| server.blocks_read);
    let written = seen.per_operation(|server| server.blocks_written);
    let moved = match (read, written) {
        (Some(read), Some(written)) => Some(read + written),
        // Reads alone cannot say that nothing was written.
        (Some(read), None) if read >= NONE_PER_OPERATION => Some(read),
        _ => None,
    };
    at_least(Test::BlocksMoved, moved, NONE_PER_OPERATION)
}

fn wal_written(seen: &Seen<'_>) -> Corroboration {
    at_least(Test::WalWritten, seen.per_operation(|server| server.wal_bytes), 1.0)
}

fn locks_waited_for(seen: &Seen<'_>) -> Corroboration {
    within_factor(
        Test::LocksWaitedFor,
        seen.band.server.locks_waited_for,
        seen.backends(Component::Lock),
    )
}

/// A constant level per second is the cost of the workload; a limit shows in what was added.
fn grown(
    test: Test,
    seen: &Seen<'_>,
    reference: &Seen<'_>,
    counter: fn(&ServerCounters) -> Option<f64>,
) -> Corroboration {
    let (measured, before) = (seen.rate(counter), reference.rate(counter));
    let holds = measured.zip(before).map(|(now, before)| now > 0.0 && now >= GROWTH * before);
    of(test, holds, measured, before)
}

fn memory_pressure(seen: &Seen<'_>) -> Corroboration {
    at_least(Test::MemoryPressure, seen.band.server.memory_pressure, PRESSURE)
}

fn connections_in_use(seen: &Seen<'_>) -> Corroboration {
    let measured = seen.band.client.connections_in_use;
    let holds = measured.and_then(|share| match share {
        share if share >= POOL_IN_USE => Some(true),
        share if share < POOL_IDLE => Some(false),
        _ => None,
    });
    of(Test::ConnectionsInUse, holds, measured, Some(POOL_IN_USE))
}

fn client_busy(seen: &Seen<'_>) -> Corroboration {
    at_least(Test::ClientBusy, seen.band.client.cpu_share, BUSY)
}

fn client_lag(seen: &Seen<'_>) -> Corroboration {
    let client = &seen.band.client;
    let limit = seen.band.response_p50_s.map(|p50| (LAG_SHARE * p50).max(TIMER_LAG_S));
    let lag = client.lag_p99_s.filter(|_| client.own_cores == Some(true));
    of(Test::ClientLag, lag.zip(limit).map(|(lag, limit)| lag > limit), lag, limit)
}

fn added_to_client(seen: &Seen<'_>, reference: &Seen<'_>) -> f64 {
    seen.demands.of(Component::Client) - reference.demands.of(Component::Client)
}

fn waits_for_client(seen: &Seen<'_>, reference: &Seen<'_>) -> Corroboration {
    let added = seen.demands.seen_client_s - reference.demands.seen_client_s;
    let half = added_to_client(seen, reference) / 2.0;
    // Nothing of it is seen where each operation is one statement.
    let holds = (half > 0.0 && added >= half).then_some(true);
    of(Test::WaitsForClient, holds, Some(added), Some(half))
}

pub(super) fn round_trips(seen: &Seen<'_>, reference: &Seen<'_>) -> Corroboration {
    let per_operation = |seen: &Seen<'_>| {
        seen.band.client.round_trip_s.map(|time| time * seen.band.statements_per_operation)
    };
    let added = per_operation(seen).zip(per_operation(reference)).map(|(now, before)| now - before);
    let half = added_to_client(seen, reference) / 2.0;
    // An empty statement waits for a processor of the server, too: without the kernel's word it could be either.
    let server = &seen.band.server;
    let known = server.cpu_s.is_some() && server.run_queue_delay_s.is_some();
    let holds = added.filter(|_| known).map(|added| half > 0.0 && added >= half);
    of(Test::RoundTrips, holds, added, Some(half))
}

#[cfg(test)]
mod tests {
    use super::{Component, Corroboration, Test, is_refuted};

    fn said(test: Test, holds: Option<bool>) -> Corroboration {
        Corroboration { test, holds, measured: None, compared_with: None }
    }

    #[test]
    fn one_figure_that_agrees_is_enough_and_absent_ones_deny_nothing() {
        let denied = [said(Test::CpuBusy, Some(false)), said(Test::RunQueueDelay, Some(false))];
        assert!(is_refuted(Component::Cpu, &denied));
        let half_known = [said(Test::CpuBusy, Some(false)), said(Test::RunQueueDelay, None)];
        assert!(!is_refuted(Component::Cpu, &half_known));
        let agreed = [said(Test::CpuBusy, Some(false)), said(Test::RunQueueDelay, Some(true))];
        assert!(!is_refuted(Component::Cpu, &agreed));
        assert!(!is_refuted(Component::Lwlock, &[]));
    }

    #[test]
    fn a_hit_ratio_that_stays_denies_no_io() {
        let found = [said(Test::IoTime, None), said(Test::HitRatio, Some(false))];
        assert!(!is_refuted(Component::Io, &found));
    }
}
