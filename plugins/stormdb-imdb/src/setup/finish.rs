//! The last stage: primary keys, sequences, statistics, and the note that the load is whole.

use stormdb_plugin_api::{Result, Session, params};

use crate::{
    SCHEMA,
    setup::{
        state::{self, Progress},
        tables::{self, Table},
    },
};

pub(super) async fn run(db: &mut Session<'_>) -> Result<()> {
    if state::find(db).await?.is_some_and(|found| found.progress == Progress::Finished) {
        return Ok(());
    }
    for table in tables::ALL {
        promote_key(table.name, db).await?;
        advance_sequence(table, db).await?;
        // Visible to all, so that the first readers do not write hint bits.
        db.script(&format!("VACUUM (ANALYZE) {SCHEMA}.{}", table.name)).await?;
    }
    state::finish(db).await
}

/// Makes the unique index `…_pkey` the primary key.
async fn promote_key(table: &str, db: &mut Session<'_>) -> Result<()> {
    let key = format!("{table}_pkey");
    let sql = "SELECT EXISTS (SELECT FROM pg_constraint WHERE conname = $1 \
               AND connamespace = to_regnamespace('stormdb_imdb'))";
    let there: bool = db.sql(sql, params![&key]).await?.one()?.get(0)?;
    if there {
        return Ok(());
    }
    db.script(&format!(
        "ALTER TABLE {SCHEMA}.{table} ADD CONSTRAINT {key} PRIMARY KEY USING INDEX {key}"
    ))
    .await
}

/// Lets the sequence of a table go on after the loaded numbers.
async fn advance_sequence(table: &Table, db: &mut Session<'_>) -> Result<()> {
    let (Some(column), name) = (table.serial, table.name) else {
        return Ok(());
    };
    db.script(&format!(
        "SELECT setval(pg_get_serial_sequence('{SCHEMA}.{name}', '{column}'), max({column})) \
         FROM {SCHEMA}.{name}"
    ))
    .await
}
