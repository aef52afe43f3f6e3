//! Counters of checkpoints: `pg_stat_checkpointer`, or `pg_stat_bgwriter` before version 17.

use stormdb_run::evidence::CheckpointDelta;

use super::{
    absence::Absence,
    capabilities::Capabilities,
    gain::{Column, Reading, select_list},
    monitor::{Monitor, Question},
};

const COUNTS: [Column; 3] = [
    ("timed", "num_timed"),
    ("requested", "num_requested"),
    ("buffers_written", "buffers_written"),
];
const TIMES: [Column; 2] = [("write", "write_time"), ("sync", "sync_time")];

const OF_BGWRITER: &str = "(
    SELECT checkpoints_timed AS num_timed, checkpoints_req AS num_requested, buffers_checkpoint AS buffers_written,
           checkpoint_write_time AS write_time, checkpoint_sync_time AS sync_time, stats_reset
    FROM pg_stat_bgwriter) b";

pub(super) type CheckpointReading = Reading<3, 2>;

pub(super) fn sql(server: &Capabilities) -> Result<String, Absence> {
    let source = if server.has("pg_stat_checkpointer", "num_timed") {
        "pg_stat_checkpointer"
    } else if server.has("pg_stat_bgwriter", "checkpoints_timed") {
        OF_BGWRITER
    } else {
        return Err(Absence::Unsupported("pg_stat_checkpointer"));
    };
    Ok(format!(
        "SELECT {}, extract(epoch FROM stats_reset)::float8 AS reset FROM {source}",
        select_list(&COUNTS, &TIMES)
    ))
}

pub(super) async fn read(monitor: &mut Monitor) -> Result<CheckpointReading, Absence> {
    let row = monitor.ask_one(Question::Checkpoints, &[]).await?;
    Ok(Reading::of(&row, &COUNTS, &TIMES)?)
}

pub(super) fn delta(
    before: &CheckpointReading,
    after: &CheckpointReading,
) -> Result<CheckpointDelta, Absence> {
    let gained = after.since(before, &COUNTS, &TIMES)?;
    let [timed, requested, buffers_written] = gained.counts;
    let [write_seconds, sync_seconds] = gained.seconds;
    Ok(CheckpointDelta { timed, requested, buffers_written, write_seconds, sync_seconds })
}
