//! Counters of reads and writes by kind of backend: `pg_stat_io`, from version 16 on.

use std::collections::BTreeMap;

use stormdb_run::evidence::IoDelta;

use super::{
    absence::Absence,
    capabilities::Capabilities,
    gain::{Column, Reading, select_list},
    monitor::{Monitor, Question},
};

const VIEW: &str = "pg_stat_io";

const COUNTS: [Column; 8] = [
    ("reads", "reads"),
    ("writes", "writes"),
    ("writebacks", "writebacks"),
    ("extends", "extends"),
    ("hits", "hits"),
    ("evictions", "evictions"),
    ("reuses", "reuses"),
    ("fsyncs", "fsyncs"),
];
/// From version 18 on an operation may move several blocks, and bytes have columns of their own.
const BYTES: [Column; 3] = [
    ("read_bytes", "read_bytes"),
    ("write_bytes", "write_bytes"),
    ("extend_bytes", "extend_bytes"),
];
const BYTES_OF_OPERATIONS: [Column; 3] = [
    ("read_bytes", "reads * op_bytes"),
    ("write_bytes", "writes * op_bytes"),
    ("extend_bytes", "extends * op_bytes"),
];
const TIMES: [Column; 4] = [
    ("read", "read_time"),
    ("write", "write_time"),
    ("extend", "extend_time"),
    ("fsync", "fsync_time"),
];

/// Kind of backend, object and context.
type Key = (String, String, String);

/// Every row of the view.
#[derive(Clone, Debug)]
pub(super) struct IoReading(BTreeMap<Key, (Reading<8, 4>, Reading<3, 0>)>);

pub(super) fn sql(server: &Capabilities) -> Result<String, Absence> {
    if !server.has_view(VIEW) {
        return Err(Absence::Unsupported("pg_stat_io, which came with version 16"));
    }
    let bytes = if server.has(VIEW, "read_bytes") { BYTES } else { BYTES_OF_OPERATIONS };
    Ok(format!(
        "SELECT backend_type, object, context, {}, {}, extract(epoch FROM stats_reset)::float8 AS reset \
         FROM pg_stat_io",
        select_list(&COUNTS, &TIMES),
        select_list(&bytes, &[]),
    ))
}

pub(super) async fn read(monitor: &mut Monitor) -> Result<IoReading, Absence> {
    let rows = monitor.ask(Question::Io, &[]).await?;
    let rows = rows.iter().map(|row| {
        let key = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        Ok((key, (Reading::of(row, &COUNTS, &TIMES)?, Reading::of(row, &BYTES, &[])?)))
    });
    Ok(IoReading(rows.collect::<Result<_, tokio_postgres::Error>>()?))
}

/// The rows in which anything happened.
pub(super) fn delta(
    before: &IoReading,
    after: &IoReading,
    server: &Capabilities,
) -> Result<Vec<IoDelta>, Absence> {
    let mut rows = Vec::new();
    for ((backend_type, object, context), (after, after_bytes)) in &after.0 {
        let key = (backend_type.clone(), object.clone(), context.clone());
        let zero = (Reading::zero(after.reset()), Reading::zero(after.reset()));
        let (before, before_bytes) = before.0.get(&key).unwrap_or(&zero);
        let gained = after.since(before, &COUNTS, &TIMES)?;
        let [reads, writes, writebacks, extends, hits, evictions, reuses, fsyncs] = gained.counts;
        let [read_bytes, write_bytes, extend_bytes] =
            after_bytes.since(before_bytes, &BYTES, &[])?.counts;
        if gained.counts == [0; 8] {
            continue;
        }
        let is_timed = if object == "wal" {
            server.is_on("track_wal_io_timing")
        } else {
            server.is_on("track_io_timing")
        };
        let [read, write, extend, fsync] =
            gained.seconds.map(|seconds| is_timed.then_some(seconds));
        let (backend_type, object, context) = key;
        rows.push(IoDelta {
            backend_type,
            object,
            context,
            reads,
            writes,
            writebacks,
            extends,
            hits,
            evictions,
            reuses,
            fsyncs,
            read_bytes,
            write_bytes,
            extend_bytes,
            read_seconds: read,
            write_seconds: write,
            extend_seconds: extend,
            fsync_seconds: fsync,
        });
    }
    Ok(rows)
}
