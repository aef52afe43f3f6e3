//! What was seen of the server while a band was measured: sampled states of its backends, and what its
//! counters gained.
//!
//! A source that could not be read is `None` and has its reason in [`BandEvidence::absent`]; no figure is
//! ever 0 because nobody could look.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Everything that was seen beside one band.
///
/// Counters are read when the measured phase begins and once the load's connections are closed, because a
/// backend publishes its counts at most once a second and when it ends. What they gain is therefore the
/// measured phase with its drain, and with up to a second of the warm-up of each backend: divide gains by
/// gains (such as `wal.bytes` by `database.commits`), not by the band's own count of operations.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BandEvidence {
    /// Of the measured phase, in order; empty when nothing was sampled. In a band of more than an hour an entry stands
    /// for 2, 4 … seconds.
    #[serde(default)]
    pub seconds: Vec<SampledSecond>,
    #[serde(default)]
    pub sampler: Option<SamplerUse>,
    /// Seconds from the first reading of the counters to the end of the load.
    #[serde(default)]
    pub counted_seconds: Option<f64>,
    #[serde(default)]
    pub database: Option<DatabaseDelta>,
    /// One entry for each kind of backend, object and context that did anything.
    #[serde(default)]
    pub io: Option<Vec<IoDelta>>,
    #[serde(default)]
    pub wal: Option<WalDelta>,
    #[serde(default)]
    pub checkpoints: Option<CheckpointDelta>,
    /// The statements that took the most time, longest first.
    #[serde(default)]
    pub statements: Option<Vec<StatementDelta>>,
    #[serde(default)]
    pub lock_waits: Option<LockWaits>,
    /// Of a server on this machine only.
    #[serde(default)]
    pub server_machine: Option<MachineUse>,
    #[serde(default)]
    pub round_trip: Option<RoundTrip>,
    /// Of a server on this machine only.
    #[serde(default)]
    pub placement: Option<Placement>,
    /// Name of the source, such as `wal` or `server_machine.pressure`, to why it is absent.
    #[serde(default)]
    pub absent: BTreeMap<String, String>,
}

/// What the client backends of the run were doing within one second.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SampledSecond {
    /// Since the beginning of the measured phase.
    pub start_ms: u64,
    /// Looks at the server that fell into this second.
    pub samples: u32,
    /// `STATE/-` or `STATE/TYPE:EVENT` in the server's words, such as `active/-`, `active/Lock:transactionid`
    /// or `idle in transaction/Client:ClientRead`, to the backends in it, summed over the samples: divided by
    /// `samples` it is a mean number of backends.
    pub backends: BTreeMap<String, u32>,
    /// Samples in which the checkpointer was at work; `None` where its state is hidden from the role.
    #[serde(default)]
    pub checkpoint_samples: Option<u32>,
}

/// What sampling took.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SamplerUse {
    /// Looks that were answered within the measured phase.
    pub looks: u64,
    /// Looks that failed or were not answered in time.
    #[serde(default)]
    pub failed_looks: u64,
    /// Looks per second of the measured phase; `None` for a phase without length.
    pub achieved_hz: Option<f64>,
    /// From question to answer of a look, in seconds.
    pub mean_seconds: Option<f64>,
    pub max_seconds: Option<f64>,
    /// Elapsed time within the server for a look, in seconds.
    pub server_mean_seconds: Option<f64>,
    /// CPU time of the sampler's own backend over the phase, user and system; of a local server only.
    #[serde(default)]
    pub backend_cpu_seconds: Option<f64>,
}

/// What `pg_stat_database` gained for the database of the run, whoever caused it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DatabaseDelta {
    pub commits: u64,
    pub rollbacks: u64,
    /// Blocks that were not in shared buffers.
    pub blocks_read: u64,
    pub blocks_hit: u64,
    /// Waiting for data files, summed over backends; `None` with `track_io_timing` off.
    pub block_read_seconds: Option<f64>,
    pub block_write_seconds: Option<f64>,
    pub rows_returned: u64,
    pub rows_fetched: u64,
    pub rows_inserted: u64,
    pub rows_updated: u64,
    pub rows_deleted: u64,
    /// Files of queries that outgrew `work_mem`.
    pub temp_files: u64,
    pub temp_bytes: u64,
    pub deadlocks: u64,
    /// Executing statements, summed over sessions.
    pub active_seconds: f64,
    /// Idle within a transaction, summed over sessions.
    pub idle_in_transaction_seconds: f64,
}

/// What a row of `pg_stat_io` (version 16 and newer) gained.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct IoDelta {
    /// In the server's words, such as `client backend` or `checkpointer`.
    pub backend_type: String,
    /// `relation`, `temp relation` or `wal`.
    pub object: String,
    /// `normal`, `vacuum`, `bulkread`, `bulkwrite` or `init`.
    pub context: String,
    /// Operations; an operation that this row never does is 0.
    pub reads: u64,
    pub writes: u64,
    pub writebacks: u64,
    pub extends: u64,
    pub hits: u64,
    pub evictions: u64,
    pub reuses: u64,
    pub fsyncs: u64,
    pub read_bytes: u64,
    pub write_bytes: u64,
    pub extend_bytes: u64,
    /// Waiting, summed over backends; `None` with `track_io_timing` (for `wal`: `track_wal_io_timing`) off.
    pub read_seconds: Option<f64>,
    pub write_seconds: Option<f64>,
    pub extend_seconds: Option<f64>,
    pub fsync_seconds: Option<f64>,
}

/// What the write-ahead log of the whole server gained.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WalDelta {
    pub records: u64,
    pub full_page_images: u64,
    pub bytes: u64,
    /// Writes that happened because the buffers were full.
    pub buffers_full: u64,
    /// Of `pg_stat_wal` up to version 17, of `pg_stat_io` from 18 on.
    pub writes: Option<u64>,
    pub syncs: Option<u64>,
    /// Summed over backends; `None` with `track_wal_io_timing` off.
    pub write_seconds: Option<f64>,
    pub sync_seconds: Option<f64>,
}

/// What checkpoints did meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CheckpointDelta {
    /// Begun because of `checkpoint_timeout`.
    pub timed: u64,
    /// Begun because of the size of the log, or because someone asked.
    pub requested: u64,
    pub buffers_written: u64,
    /// Of checkpoints that ended meanwhile.
    pub write_seconds: f64,
    pub sync_seconds: f64,
}

/// What a row of `pg_stat_statements` gained; statements of the run's role in its database only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StatementDelta {
    pub query_id: i64,
    pub top_level: bool,
    /// Without constants, and shortened. Of utility statements the first words only.
    pub text: String,
    pub calls: u64,
    /// In the executor, summed over calls; without parsing and planning.
    pub execution_seconds: f64,
    /// `None` with `pg_stat_statements.track_planning` off.
    pub planning_seconds: Option<f64>,
    pub rows: u64,
    pub shared_blocks_hit: u64,
    pub shared_blocks_read: u64,
    pub shared_blocks_dirtied: u64,
    pub shared_blocks_written: u64,
    pub temp_blocks_read: u64,
    pub temp_blocks_written: u64,
    /// Waiting for shared blocks; `None` with `track_io_timing` off.
    pub block_read_seconds: Option<f64>,
    pub block_write_seconds: Option<f64>,
    pub wal_records: u64,
    pub wal_full_page_images: u64,
    pub wal_bytes: u64,
}

/// Heavyweight locks that backends of the run waited for, as `pg_locks` showed them about once a second.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LockWaits {
    pub looks: u64,
    /// Mean number of locks that were waited for.
    pub waiting_mean: f64,
    /// `locktype`, such as `transactionid` or `tuple`, to the mean number of waits for it.
    pub by_type: BTreeMap<String, f64>,
    /// Mean number of different backends, in a look that saw waits, that others waited for and that waited for
    /// no lock themselves; `None` when no look saw a wait.
    pub holders_mean: Option<f64>,
}

/// What the machine of a local server did, read from `/proc`. The generator of the load runs on it as well.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MachineUse {
    /// Between the first and the last reading; what follows is of these seconds.
    pub seconds: f64,
    /// Logical processors that are online.
    pub cores: u32,
    /// Share (0 to 1) of the processors' time that was not idle and not waiting for a disk, whoever used it.
    pub busy_share: Option<f64>,
    /// Share (0 to 1) of the processors' time that was idle while a disk was waited for.
    pub io_wait_share: Option<f64>,
    /// CPU time of the run's client backends, user and system.
    pub backend_cpu_seconds: Option<f64>,
    /// How long these backends were ready to run and waited for a processor.
    pub run_queue_seconds: Option<f64>,
    /// CPU time of all processes of the server: these backends, parallel workers, checkpointer, WAL writer, I/O
    /// workers, sessions of others.
    #[serde(default)]
    pub server_cpu_seconds: Option<f64>,
    /// Stalls of the whole machine.
    pub pressure: Option<Pressure>,
    /// How long the server's control group was kept from running by its CPU quota.
    pub throttled_seconds: Option<f64>,
}

/// Pressure stall information: shares (0 to 1) of the time in which work was delayed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pressure {
    /// Some task waited for a processor.
    pub cpu_some: f64,
    /// Some task waited for a disk.
    pub io_some: f64,
    /// All tasks that were not idle waited for a disk.
    pub io_full: f64,
    /// Some task waited for memory.
    pub memory_some: f64,
    /// All tasks that were not idle waited for memory.
    pub memory_full: f64,
}

/// `SELECT 1` on the sampler's connection, while the band ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RoundTrip {
    /// Median from question to answer.
    pub p50_seconds: f64,
    pub n: u64,
}

/// The logical processors, by number, that load and server were allowed to run on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    pub load_processors: Vec<u32>,
    pub server_processors: Vec<u32>,
}

impl Placement {
    /// Whether the load has processors that the server may not use, and the other way round.
    #[must_use]
    pub fn is_apart(&self) -> bool {
        self.load_processors.iter().all(|number| !self.server_processors.contains(number))
    }
}
