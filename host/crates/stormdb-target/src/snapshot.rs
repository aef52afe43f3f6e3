//! The server as it was during a run, for the run record.

use std::{collections::BTreeMap, time::Duration};

use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use tokio_postgres::Client;

use crate::TargetError;

/// The settings that decide how fast a server is or how safe, in the units that `SHOW` prints.
/// None of them can hold a password.
const RECORDED_SETTINGS: [&str; 45] = [
    "autovacuum",
    "block_size",
    "checkpoint_completion_target",
    "checkpoint_timeout",
    "commit_delay",
    "data_checksums",
    "deadlock_timeout",
    "default_transaction_isolation",
    "effective_cache_size",
    "effective_io_concurrency",
    "fsync",
    "full_page_writes",
    "huge_pages",
    "idle_in_transaction_session_timeout",
    "io_method",
    "io_workers",
    "jit",
    "lock_timeout",
    "log_min_duration_statement",
    "log_statement",
    "maintenance_work_mem",
    "max_connections",
    "max_parallel_workers",
    "max_parallel_workers_per_gather",
    "max_wal_size",
    "max_worker_processes",
    "min_wal_size",
    "plan_cache_mode",
    "random_page_cost",
    "reserved_connections",
    "seq_page_cost",
    "server_encoding",
    "shared_buffers",
    "shared_preload_libraries",
    "ssl",
    "statement_timeout",
    "superuser_reserved_connections",
    "synchronous_commit",
    "track_activities",
    "track_io_timing",
    "wal_buffers",
    "wal_compression",
    "wal_level",
    "wal_sync_method",
    "work_mem",
];

/// Version and settings of the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerSnapshot {
    /// As `SHOW server_version` prints it, such as `18.4`.
    pub version: String,
    /// As `server_version_num`, such as 180004.
    pub version_number: u32,
    /// The whole of `version()`: platform and compiler.
    pub build: String,
    /// Name to value with unit; a setting that this version lacks or hides from the role is absent.
    pub settings: BTreeMap<String, String>,
}

impl ServerSnapshot {
    /// The major version, such as 18.
    #[must_use]
    pub fn major(&self) -> u32 {
        self.version_number / 10_000
    }
}

/// Reads the snapshot within `limit`.
///
/// # Errors
/// `target-query-failed` or `target-timeout`.
pub async fn snapshot(client: &Client, limit: Duration) -> Result<ServerSnapshot, TargetError> {
    timeout(limit, read(client)).await.unwrap_or_else(|_| {
        Err(TargetError::Timeout {
            address: "the monitor connection".to_owned(),
            stage: "reading the server's settings",
        })
    })
}

pub(crate) async fn read(client: &Client) -> Result<ServerSnapshot, TargetError> {
    let failed = |source| TargetError::Query { subject: "the server's version", source };
    let sql = "SELECT current_setting('server_version'), current_setting('server_version_num'), version()";
    let row = client.query_one(sql, &[]).await.map_err(failed)?;
    let number: String = row.try_get(1).map_err(failed)?;
    let version_number = number.parse().map_err(|_not_a_number| TargetError::OddSetting {
        setting: "server_version_num",
        value: number.clone(),
    })?;
    let (version, build) = (row.try_get(0).map_err(failed)?, row.try_get(2).map_err(failed)?);

    let failed = |source| TargetError::Query { subject: "the server's settings", source };
    let sql = "SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY($1)";
    let rows = client.query(sql, &[&&RECORDED_SETTINGS[..]]).await.map_err(failed)?;
    let settings = rows
        .iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)))
        .collect::<Result<_, _>>()
        .map_err(failed)?;
    Ok(ServerSnapshot { version, version_number, build, settings })
}
