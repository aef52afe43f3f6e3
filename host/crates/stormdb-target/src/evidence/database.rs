//! Counters of the run's database: `pg_stat_database`.

use stormdb_run::evidence::DatabaseDelta;

use super::{
    absence::Absence,
    capabilities::Capabilities,
    gain::{Column, Reading, select_list},
    monitor::{Monitor, Question},
};

const COUNTS: [Column; 12] = [
    ("commits", "xact_commit"),
    ("rollbacks", "xact_rollback"),
    ("blocks_read", "blks_read"),
    ("blocks_hit", "blks_hit"),
    ("rows_returned", "tup_returned"),
    ("rows_fetched", "tup_fetched"),
    ("rows_inserted", "tup_inserted"),
    ("rows_updated", "tup_updated"),
    ("rows_deleted", "tup_deleted"),
    ("temp_files", "temp_files"),
    ("temp_bytes", "temp_bytes"),
    ("deadlocks", "deadlocks"),
];
const TIMES: [Column; 4] = [
    ("block_read", "blk_read_time"),
    ("block_write", "blk_write_time"),
    ("active", "active_time"),
    ("idle_in_transaction", "idle_in_transaction_time"),
];

/// One reading.
#[derive(Clone, Copy, Debug)]
pub(super) struct DatabaseReading {
    reading: Reading<12, 4>,
    /// Transactions of the monitor itself so far.
    own: u64,
}

pub(super) fn sql(server: &Capabilities) -> Result<String, Absence> {
    if !server.is_on("track_counts") {
        return Err(Absence::SettingOff { setting: "track_counts" });
    }
    if !server.has("pg_stat_database", "active_time") {
        return Err(Absence::Unsupported("pg_stat_database.active_time"));
    }
    Ok(format!(
        "SELECT {}, extract(epoch FROM stats_reset)::float8 AS reset \
         FROM pg_stat_database WHERE datname = current_database()",
        select_list(&COUNTS, &TIMES)
    ))
}

/// Reads the counters. Call [`Monitor::flush`] first, or some of the monitor's own transactions are missing in them.
pub(super) async fn read(monitor: &mut Monitor) -> Result<DatabaseReading, Absence> {
    let own = monitor.transactions();
    let row = monitor.ask_one(Question::Database, &[]).await?;
    Ok(DatabaseReading { reading: Reading::of(&row, &COUNTS, &TIMES)?, own })
}

pub(super) fn delta(
    before: &DatabaseReading,
    after: &DatabaseReading,
    server: &Capabilities,
) -> Result<DatabaseDelta, Absence> {
    let gained = after.reading.since(&before.reading, &COUNTS, &TIMES)?;
    let [
        commits,
        rollbacks,
        blocks_read,
        blocks_hit,
        rows_returned,
        rows_fetched,
        rows_inserted,
        rows_updated,
        rows_deleted,
        temp_files,
        temp_bytes,
        deadlocks,
    ] = gained.counts;
    let [block_read, block_write, active_seconds, idle_in_transaction_seconds] = gained.seconds;
    let own = after.own.saturating_sub(before.own);
    Ok(DatabaseDelta {
        commits: commits.saturating_sub(own),
        rollbacks,
        blocks_read,
        blocks_hit,
        block_read_seconds: server.is_on("track_io_timing").then_some(block_read),
        block_write_seconds: server.is_on("track_io_timing").then_some(block_write),
        rows_returned,
        rows_fetched,
        rows_inserted,
        rows_updated,
        rows_deleted,
        temp_files,
        temp_bytes,
        deadlocks,
        active_seconds,
        idle_in_transaction_seconds,
    })
}
