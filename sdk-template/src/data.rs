//! The tables: made, filled, found, checked and dropped.

use datagen_service::{Datagen, TextKind, Texts};
use stormdb_plugin_api::{
    Error, Host, Result, Session, SetupPart, copy::BinaryRows, describe::Check, params, schema,
};

/// Everything lies in a schema of its own, so that workloads never collide.
const SCHEMA: &str = "{{crate_name}}";
/// Rows that are committed together, so that an interrupted set-up goes on where it was.
const CHUNK: i64 = 10_000;
/// What is sent at once.
const CHUNK_BYTES: usize = 64 * 1024;

const TABLES: &str = "\
    CREATE TABLE IF NOT EXISTS {{crate_name}}.item \
        (id bigint PRIMARY KEY, name text NOT NULL, sold bigint NOT NULL); \
    CREATE TABLE IF NOT EXISTS {{crate_name}}.sale \
        (id bigint GENERATED ALWAYS AS IDENTITY, item bigint NOT NULL, quantity int NOT NULL)";
const DROP_SURPLUS_ITEMS: &str = "\
    DELETE FROM {{crate_name}}.item WHERE id > $1";
const DROP_THEIR_SALES: &str = "\
    DELETE FROM {{crate_name}}.sale WHERE item > $1";
const COUNT_CHUNK: &str = "\
    SELECT count(*) FROM {{crate_name}}.item WHERE id BETWEEN $1 AND $2";
const DROP_CHUNK: &str = "\
    DELETE FROM {{crate_name}}.item WHERE id BETWEEN $1 AND $2";
const COPY: &str = "\
    COPY {{crate_name}}.item (id, name, sold) FROM STDIN (FORMAT binary)";
const ANALYZE: &str = "\
    VACUUM (ANALYZE) {{crate_name}}.item";
const COUNT: &str = "\
    SELECT count(*), coalesce(max(id), 0) FROM {{crate_name}}.item";
const COMPARE: &str = "\
    SELECT (SELECT coalesce(sum(sold), 0)::bigint FROM {{crate_name}}.item), \
           (SELECT coalesce(sum(quantity), 0)::bigint FROM {{crate_name}}.sale)";
const DROP: &str = "\
    DROP TABLE IF EXISTS {{crate_name}}.item, {{crate_name}}.sale";

/// The items that were asked for: a function of seed and scale alone.
pub(crate) struct Items {
    pub(crate) count: i64,
    pub(crate) seed: u64,
    pub(crate) names: Datagen,
}

/// Makes the tables, and removes items that a larger scale left.
pub(crate) async fn create(items: &Items, db: &mut Session<'_>) -> Result<()> {
    schema::create(db, SCHEMA).await?;
    db.script(TABLES).await?;
    let surplus = db.sql(DROP_SURPLUS_ITEMS, params![items.count]).await?;
    if surplus.affected() > 0 {
        db.sql(DROP_THEIR_SALES, params![items.count]).await?;
    }
    Ok(())
}

/// Fills every chunk of this part that is not complete. The parts share the chunks out, so that the
/// rows do not depend on how many parts there are.
pub(crate) async fn load(
    items: &Items,
    part: SetupPart,
    host: &Host,
    db: &mut Session<'_>,
) -> Result<()> {
    let (step, mut first) = (
        i64::from(part.parts) * CHUNK,
        i64::from(part.part) * CHUNK + 1,
    );
    while first <= items.count {
        let last = items.count.min(first + CHUNK - 1);
        let chunk = params![first, last];
        let found: i64 = db.sql(COUNT_CHUNK, chunk).await?.one()?.get(0)?;
        if found != last - first + 1 {
            db.begin().await?;
            db.sql(DROP_CHUNK, chunk).await?;
            copy(items, first, last, db).await?;
            db.commit().await?;
        }
        host.progress(
            (last - first + 1).unsigned_abs(),
            items.count.unsigned_abs(),
            "items",
        );
        first += step;
    }
    Ok(())
}

async fn copy(items: &Items, first: i64, last: i64, db: &mut Session<'_>) -> Result<()> {
    let mut names = Texts::default();
    let ids = first.unsigned_abs()..last.unsigned_abs() + 1;
    items
        .names
        .fill(TextKind::Title, items.seed, ids, &mut names)?;
    let mut copy = db.copy_in(COPY).await?;
    let mut rows = BinaryRows::new();
    for (id, name) in (first..=last).zip(names.iter()) {
        rows.row(3).i64(id).text(name).i64(0);
        if rows.len() >= CHUNK_BYTES {
            copy.write(rows.bytes()).await?;
            rows.clear();
        }
    }
    copy.write(rows.end()).await?;
    copy.finish().await.map(drop)
}

/// Lets the server know what it holds.
pub(crate) async fn analyze(db: &mut Session<'_>) -> Result<()> {
    db.script(ANALYZE).await
}

/// How many items there are; operations use the ids from 1 to this.
pub(crate) async fn found(db: &mut Session<'_>) -> Result<i64> {
    let absent = || {
        Error::workload(format!(
            "no items in schema {SCHEMA}: run once with --setup"
        ))
    };
    if !schema::has_table(db, SCHEMA, "item").await? {
        return Err(absent());
    }
    let row = db.sql(COUNT, &[]).await?.one()?;
    let (count, last): (i64, i64) = (row.get(0)?, row.get(1)?);
    if count == 0 {
        return Err(absent());
    }
    if count != last {
        return Err(Error::workload(format!(
            "{count} items for the ids 1 to {last}: run once with --setup to fill the gaps"
        )));
    }
    Ok(count)
}

/// Every sale is noted and counted, or neither.
pub(crate) async fn check(db: &mut Session<'_>) -> Result<Check> {
    let row = db.sql(COMPARE, &[]).await?.one()?;
    let (sold, noted): (i64, i64) = (row.get(0)?, row.get(1)?);
    Ok(Check {
        name: "sales-complete".to_owned(),
        passed: sold == noted,
        finding: format!("{sold} sold by the items, {noted} by the sales"),
    })
}

/// Drops what `create` made, and the schema where nothing else is in it.
pub(crate) async fn drop_all(db: &mut Session<'_>) -> Result<()> {
    db.script(DROP).await?;
    schema::drop_if_empty(db, SCHEMA).await.map(drop)
}
