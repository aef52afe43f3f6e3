//! The table `loadtest`: made, filled, found and checked.

use stormdb_plugin_api::{
    Error, Host, Result, Session, SetupPart, Timestamp, copy::BinaryRows, describe::Check, params,
    schema,
};

pub(crate) const SCHEMA: &str = "stormdb_simple";
pub(crate) const VACUUM: &str = "VACUUM (ANALYZE) stormdb_simple.loadtest";
pub(crate) const DROP: &str = "DROP TABLE IF EXISTS stormdb_simple.loadtest";

pub(crate) const TABLE: &str = "stormdb_simple.loadtest";
pub(crate) const COLUMNS: &str = "id bigint PRIMARY KEY, val text, updated timestamptz";
const COPY: &str = "COPY stormdb_simple.loadtest (id, val, updated) FROM STDIN (FORMAT binary)";

/// Rows that are committed together.
const CHUNK: i64 = 10_000;
/// What is sent at once.
const CHUNK_BYTES: usize = 64 * 1024;
/// `updated` of a row that no operation touched: 2025-01-01 00:00 UTC.
const LOADED_AT: Timestamp = Timestamp(1_735_689_600_000_000);

/// The ids of the table; each of them is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ids {
    pub(crate) first: i64,
    pub(crate) last: i64,
}

/// Makes the table and removes what a larger scale left in it.
pub(crate) async fn create(rows: i64, db: &mut Session<'_>) -> Result<()> {
    schema::create(db, SCHEMA).await?;
    db.script(&format!("CREATE TABLE IF NOT EXISTS {TABLE} ({COLUMNS})")).await?;
    let surplus = "DELETE FROM stormdb_simple.loadtest WHERE id < 1 OR id > $1";
    db.sql(surplus, params![rows]).await.map(drop)
}

/// Fills every chunk of this part that is not complete.
pub(crate) async fn load(
    rows: i64,
    part: SetupPart,
    host: &Host,
    db: &mut Session<'_>,
) -> Result<()> {
    let (step, start) = (i64::from(part.parts) * CHUNK, i64::from(part.part) * CHUNK);
    let mut first = start + 1;
    while first <= rows {
        let last = rows.min(first + CHUNK - 1);
        if count(first, last, db).await? != last - first + 1 {
            db.begin().await?;
            let chunk = "DELETE FROM stormdb_simple.loadtest WHERE id BETWEEN $1 AND $2";
            db.sql(chunk, params![first, last]).await?;
            copy(first, last, db).await?;
            db.commit().await?;
        }
        host.progress((last - first + 1).cast_unsigned(), rows.cast_unsigned(), "rows");
        first += step;
    }
    Ok(())
}

/// The ids that operations may pick.
pub(crate) async fn ids(db: &mut Session<'_>) -> Result<Ids> {
    let absent =
        || Error::workload("no data in schema stormdb_simple: run once with --setup".to_owned());
    if !schema::has_table(db, SCHEMA, "loadtest").await? {
        return Err(absent());
    }
    let sql = "SELECT min(id), max(id), count(*) FROM stormdb_simple.loadtest";
    let row = db.sql(sql, &[]).await?.one()?;
    let (Some(first), Some(last)) = (row.get::<Option<i64>>(0)?, row.get::<Option<i64>>(1)?) else {
        return Err(absent());
    };
    let found: i64 = row.get(2)?;
    if found != last - first + 1 {
        return Err(Error::workload(format!(
            "stormdb_simple.loadtest has {found} rows for the ids {first} to {last}: \
             run once with --setup to fill the gaps"
        )));
    }
    Ok(Ids { first, last })
}

/// No operation adds, removes or empties rows.
pub(crate) async fn check(db: &mut Session<'_>) -> Result<Check> {
    let sql = "SELECT count(*), count(*) FILTER (WHERE val LIKE 'initial\\_%' OR \
               val LIKE 'updated\\_%'), coalesce(max(id) - min(id) + 1, 0) \
               FROM stormdb_simple.loadtest";
    let row = db.sql(sql, &[]).await?.one()?;
    let (rows, written, ids) = (row.get::<i64>(0)?, row.get::<i64>(1)?, row.get::<i64>(2)?);
    Ok(Check {
        name: "rows-complete".to_owned(),
        passed: rows > 0 && rows == written && rows == ids,
        finding: format!("{rows} rows for {ids} ids, {written} with a value of this workload"),
    })
}

async fn count(first: i64, last: i64, db: &mut Session<'_>) -> Result<i64> {
    let sql = "SELECT count(*) FROM stormdb_simple.loadtest WHERE id BETWEEN $1 AND $2";
    db.sql(sql, params![first, last]).await?.one()?.get(0)
}

async fn copy(first: i64, last: i64, db: &mut Session<'_>) -> Result<()> {
    let mut copy = db.copy_in(COPY).await?;
    let mut buffer = BinaryRows::new();
    for id in first..=last {
        let val = format!("initial_{id}");
        buffer.row(3).i64(id).text(&val).timestamp_micros(LOADED_AT.0);
        if buffer.len() >= CHUNK_BYTES {
            copy.write(buffer.bytes()).await?;
            buffer.clear();
        }
    }
    copy.write(buffer.end()).await?;
    copy.finish().await.map(drop)
}
