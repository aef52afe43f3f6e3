//! How far the load is: its parameters, and the chunks that were committed.

use std::collections::BTreeSet;

use stormdb_plugin_api::{Result, Session, params, schema};

use crate::{
    SCHEMA,
    catalogue::{Catalogue, FORMAT},
};

/// The tables of this page.
pub(crate) const NAMES: [&str; 2] = ["load_parameters", "load_state"];

pub(crate) const TABLES: &str = "CREATE TABLE stormdb_imdb.load_parameters ( \
         scale bigint NOT NULL, seed bigint NOT NULL, format integer NOT NULL, \
         finished_at timestamptz); \
     CREATE TABLE stormdb_imdb.load_state ( \
         table_name text, chunk integer, rows bigint NOT NULL, PRIMARY KEY (table_name, chunk))";

/// What a set-up was asked for, and whether it is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) scale: u64,
    pub(crate) seed: u64,
    pub(crate) format: i32,
    pub(crate) progress: Progress,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    Loading,
    Finished,
}

impl Found {
    /// Whether a set-up of `catalogue` can go on from here.
    pub(crate) fn serves(self, catalogue: &Catalogue) -> bool {
        let Self { scale, seed, format, progress: _ } = self;
        scale == u64::from(catalogue.movies().cast_unsigned())
            && seed == catalogue.seed()
            && format == FORMAT
    }
}

/// What an earlier set-up left.
pub(crate) async fn find(db: &mut Session<'_>) -> Result<Option<Found>> {
    if !schema::has_table(db, SCHEMA, "load_parameters").await? {
        return Ok(None);
    }
    let sql = "SELECT scale, seed, format, finished_at IS NOT NULL \
               FROM stormdb_imdb.load_parameters";
    let row = db.sql(sql, &[]).await?.one()?;
    Ok(Some(Found {
        scale: row.get(0)?,
        seed: row.get::<i64>(1)?.cast_unsigned(),
        format: row.get(2)?,
        progress: if row.get(3)? { Progress::Finished } else { Progress::Loading },
    }))
}

pub(super) async fn begin(catalogue: &Catalogue, db: &mut Session<'_>) -> Result<()> {
    let sql = "INSERT INTO stormdb_imdb.load_parameters (scale, seed, format) VALUES ($1, $2, $3)";
    let seed = catalogue.seed().cast_signed();
    db.sql(sql, params![i64::from(catalogue.movies()), seed, FORMAT]).await.map(drop)
}

pub(super) async fn finish(db: &mut Session<'_>) -> Result<()> {
    db.script("UPDATE stormdb_imdb.load_parameters SET finished_at = now()").await
}

/// The committed chunks: table and number.
pub(super) async fn loaded(db: &mut Session<'_>) -> Result<BTreeSet<(String, i32)>> {
    let sql = "SELECT table_name, chunk FROM stormdb_imdb.load_state";
    let rows = db.sql(sql, &[]).await?;
    rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
}

/// Notes a chunk in the transaction that copied its rows.
pub(super) async fn add(table: &str, chunk: i32, rows: u64, db: &mut Session<'_>) -> Result<()> {
    let sql = "INSERT INTO stormdb_imdb.load_state (table_name, chunk, rows) VALUES ($1, $2, $3)";
    db.sql(sql, params![table, chunk, rows.cast_signed()]).await.map(drop)
}
