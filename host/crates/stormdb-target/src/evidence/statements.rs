//! Counters of the run's statements: the extension `pg_stat_statements`.

use std::collections::BTreeMap;

use stormdb_run::evidence::StatementDelta;

use super::{
    absence::Absence,
    capabilities::Capabilities,
    gain::{Column, Reading, select_list},
    monitor::{MARK, Monitor, Question},
    statement_text::presentable,
};

const VIEW: &str = "pg_stat_statements";
/// Statements that a band keeps.
const KEPT: usize = 20;
/// The monitor's own statements are among those that are asked for, and left out afterwards.
const ASKED: usize = KEPT + Question::COUNT;

const COUNTS: [Column; 11] = [
    ("calls", "calls"),
    ("rows", "rows"),
    ("shared_blocks_hit", "shared_blks_hit"),
    ("shared_blocks_read", "shared_blks_read"),
    ("shared_blocks_dirtied", "shared_blks_dirtied"),
    ("shared_blocks_written", "shared_blks_written"),
    ("temp_blocks_read", "temp_blks_read"),
    ("temp_blocks_written", "temp_blks_written"),
    ("wal_records", "wal_records"),
    ("wal_full_page_images", "wal_fpi"),
    ("wal_bytes", "wal_bytes"),
];
const TIMES: [Column; 4] = [
    ("execution", "total_exec_time"),
    ("planning", "total_plan_time"),
    ("block_read", "shared_blk_read_time"),
    ("block_write", "shared_blk_write_time"),
];
/// Before version 1.11 of the extension, of PostgreSQL 17.
const TIMES_BEFORE_17: [Column; 4] =
    [TIMES[0], TIMES[1], ("block_read", "blk_read_time"), ("block_write", "blk_write_time")];

/// Query identifier, and whether the statement was a client's own.
type Key = (i64, bool);

/// Every statement of the role in the database, without texts.
#[derive(Clone, Debug)]
pub(super) struct StatementsReading {
    rows: BTreeMap<Key, Reading<11, 4>>,
    reset: Option<f64>,
}

/// What statements gained, and how many could not be followed.
#[derive(Clone, Debug)]
pub(super) struct StatementGains {
    pub(super) longest: Vec<StatementDelta>,
    /// The extension had no more room for them and counted them anew.
    pub(super) evicted: usize,
}

pub(super) fn sql(server: &Capabilities) -> Result<String, Absence> {
    let schema = schema(server)?;
    let times = if server.has(VIEW, "shared_blk_read_time") { TIMES } else { TIMES_BEFORE_17 };
    let top_level = if server.has(VIEW, "toplevel") { "toplevel" } else { "true" };
    let reset = if server.has("pg_stat_statements_info", "stats_reset") {
        format!(
            "(SELECT extract(epoch FROM stats_reset)::float8 FROM {schema}.pg_stat_statements_info)"
        )
    } else {
        "NULL::float8".to_owned()
    };
    Ok(format!(
        "SELECT queryid, {top_level} AS top_level, {}, {reset} AS reset \
         FROM {schema}.pg_stat_statements(false) WHERE {OWN}",
        select_list(&COUNTS, &times)
    ))
}

pub(super) fn texts_sql(server: &Capabilities) -> Result<String, Absence> {
    // A text is read whole, since what makes it presentable needs the whole of it; a megabyte is no statement.
    Ok(format!(
        "SELECT queryid, left(query, 100000) FROM {}.pg_stat_statements(true) \
         WHERE {OWN} AND queryid = ANY($1)",
        schema(server)?
    ))
}

const OWN: &str = "queryid IS NOT NULL \
    AND userid = (SELECT oid FROM pg_roles WHERE rolname = current_user) \
    AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())";

fn schema(server: &Capabilities) -> Result<&str, Absence> {
    let schema = server.statements_schema.as_deref().ok_or(Absence::NoStatementsExtension)?;
    if !server.has(VIEW, "wal_records") || !server.has(VIEW, "total_plan_time") {
        return Err(Absence::OldStatementsExtension);
    }
    if !server.is_on("pg_stat_statements.track") {
        return Err(Absence::StatementsOff);
    }
    Ok(schema)
}

pub(super) async fn read(monitor: &mut Monitor) -> Result<StatementsReading, Absence> {
    let rows = monitor.ask(Question::Statements, &[]).await?;
    let rows = rows.iter().map(|row| {
        let key = (row.try_get(0)?, row.try_get(1)?);
        Ok((key, Reading::of(row, &COUNTS, &TIMES)?))
    });
    let rows: BTreeMap<Key, Reading<11, 4>> = rows.collect::<Result<_, tokio_postgres::Error>>()?;
    let reset = rows.values().next().and_then(Reading::reset);
    Ok(StatementsReading { rows, reset })
}

/// The statements that took the most time, with their texts.
pub(super) async fn delta(
    before: &StatementsReading,
    after: &StatementsReading,
    server: &Capabilities,
    monitor: &mut Monitor,
) -> Result<StatementGains, Absence> {
    if !before.rows.is_empty() && before.reset != after.reset {
        return Err(Absence::Reset);
    }
    let mut evicted = 0;
    let mut gains = Vec::new();
    for (key, reading) in &after.rows {
        let zero = Reading::zero(reading.reset());
        let before = before.rows.get(key).unwrap_or(&zero);
        let Ok(gained) = reading.since(before, &COUNTS, &TIMES) else {
            evicted += 1;
            continue;
        };
        if gained.counts[0] > 0 {
            gains.push(statement(*key, gained.counts, gained.seconds, server));
        }
    }
    gains.sort_by(|a, b| b.execution_seconds.total_cmp(&a.execution_seconds));
    gains.truncate(ASKED);
    let texts = texts(&gains, monitor).await?;
    gains.retain_mut(|gain| {
        let text = texts.get(&gain.query_id).map(String::as_str).unwrap_or_default();
        gain.text = presentable(text);
        !text.contains(MARK)
    });
    gains.truncate(KEPT);
    Ok(StatementGains { longest: gains, evicted })
}

async fn texts(
    gains: &[StatementDelta],
    monitor: &mut Monitor,
) -> Result<BTreeMap<i64, String>, Absence> {
    let ids: Vec<i64> = gains.iter().map(|gain| gain.query_id).collect();
    let rows = monitor.ask(Question::StatementTexts, &[&ids]).await?;
    let texts = rows
        .iter()
        .map(|row| Ok((row.try_get(0)?, row.try_get::<_, Option<String>>(1)?.unwrap_or_default())));
    Ok(texts.collect::<Result<_, tokio_postgres::Error>>()?)
}

fn statement(
    (query_id, top_level): Key,
    counts: [u64; 11],
    seconds: [f64; 4],
    server: &Capabilities,
) -> StatementDelta {
    let [
        calls,
        rows,
        shared_blocks_hit,
        shared_blocks_read,
        shared_blocks_dirtied,
        shared_blocks_written,
        temp_blocks_read,
        temp_blocks_written,
        wal_records,
        wal_full_page_images,
        wal_bytes,
    ] = counts;
    let [execution_seconds, planning, block_read, block_write] = seconds;
    StatementDelta {
        query_id,
        top_level,
        text: String::new(),
        calls,
        execution_seconds,
        planning_seconds: server.is_on("pg_stat_statements.track_planning").then_some(planning),
        rows,
        shared_blocks_hit,
        shared_blocks_read,
        shared_blocks_dirtied,
        shared_blocks_written,
        temp_blocks_read,
        temp_blocks_written,
        block_read_seconds: server.is_on("track_io_timing").then_some(block_read),
        block_write_seconds: server.is_on("track_io_timing").then_some(block_write),
        wal_records,
        wal_full_page_images,
        wal_bytes,
    }
}
