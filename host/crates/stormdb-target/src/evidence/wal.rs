//! Counters of the write-ahead log: `pg_stat_wal`, and `pg_stat_io` where writes and syncs moved to.

use stormdb_run::evidence::WalDelta;

use super::{
    absence::Absence,
    capabilities::Capabilities,
    gain::{Column, Reading, select_list},
    monitor::{Monitor, Question},
};

const COUNTS: [Column; 6] = [
    ("records", "w.wal_records"),
    ("full_page_images", "w.wal_fpi"),
    ("bytes", "w.wal_bytes"),
    ("buffers_full", "w.wal_buffers_full"),
    ("writes", "f.writes"),
    ("syncs", "f.syncs"),
];
const TIMES: [Column; 2] = [("write", "f.write_time"), ("sync", "f.sync_time")];

/// Up to version 17.
const FLUSHES_OF_WAL: &str = "
    SELECT wal_write AS writes, wal_sync AS syncs, wal_write_time AS write_time, wal_sync_time AS sync_time,
           NULL::timestamptz AS reset
    FROM pg_stat_wal";
/// From version 18 on; files of the log that are made ahead have the context `init`.
const FLUSHES_OF_IO: &str = "
    SELECT sum(writes) AS writes, sum(fsyncs) AS syncs, sum(write_time) AS write_time, sum(fsync_time) AS sync_time,
           max(stats_reset) AS reset
    FROM pg_stat_io WHERE object = 'wal' AND context = 'normal'";

pub(super) type WalReading = Reading<6, 2>;

pub(super) fn sql(server: &Capabilities) -> Result<String, Absence> {
    let flushes = if server.has("pg_stat_wal", "wal_write") {
        FLUSHES_OF_WAL
    } else if server.has("pg_stat_io", "read_bytes") {
        FLUSHES_OF_IO
    } else {
        return Err(Absence::Unsupported("pg_stat_wal"));
    };
    Ok(format!(
        "SELECT {}, extract(epoch FROM greatest(w.stats_reset, f.reset))::float8 AS reset \
         FROM pg_stat_wal w, ({flushes}) f",
        select_list(&COUNTS, &TIMES)
    ))
}

pub(super) async fn read(monitor: &mut Monitor) -> Result<WalReading, Absence> {
    let row = monitor.ask_one(Question::Wal, &[]).await?;
    Ok(Reading::of(&row, &COUNTS, &TIMES)?)
}

pub(super) fn delta(
    before: &WalReading,
    after: &WalReading,
    server: &Capabilities,
) -> Result<WalDelta, Absence> {
    let gained = after.since(before, &COUNTS, &TIMES)?;
    let [records, full_page_images, bytes, buffers_full, writes, syncs] = gained.counts;
    let [write, sync] =
        gained.seconds.map(|time| server.is_on("track_wal_io_timing").then_some(time));
    Ok(WalDelta {
        records,
        full_page_images,
        bytes,
        buffers_full,
        writes: Some(writes),
        syncs: Some(syncs),
        write_seconds: write,
        sync_seconds: sync,
    })
}
