//! How far the load is: its parameters, and the chunks that were committed.

use std::collections::BTreeSet;

use stormdb_plugin_api::{Result, Session, params, schema};

use crate::{Catalogue, Dataset};

/// The tables of this page.
pub(crate) const NAMES: [&str; 2] = ["load_parameters", "load_state"];

/// What a finished set-up was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Loaded {
    pub scale: u64,
    pub seed: u64,
}

/// What an earlier set-up left.
#[derive(Clone, Copy)]
pub(crate) struct Found {
    pub(crate) loaded: Loaded,
    pub(crate) format: i32,
    pub(crate) finished: bool,
}

impl Found {
    /// Whether a set-up of `catalogue` can go on from here.
    pub(crate) fn serves<C: Catalogue>(self, dataset: &Dataset<C>, catalogue: &C) -> bool {
        let asked = Loaded { scale: catalogue.scale(), seed: catalogue.seed() };
        self.loaded == asked && self.format == dataset.format
    }
}

impl<C: Catalogue> Dataset<C> {
    pub(crate) async fn find(&self, db: &mut Session<'_>) -> Result<Option<Found>> {
        let name = self.schema;
        if !schema::has_table(db, name, "load_parameters").await? {
            return Ok(None);
        }
        let sql = format!(
            "SELECT scale, seed, format, finished_at IS NOT NULL FROM {name}.load_parameters"
        );
        let row = db.sql(&sql, &[]).await?.one()?;
        Ok(Some(Found {
            loaded: Loaded {
                scale: row.get::<i64>(0)?.cast_unsigned(),
                seed: row.get::<i64>(1)?.cast_unsigned(),
            },
            format: row.get(2)?,
            finished: row.get(3)?,
        }))
    }

    pub(crate) async fn create_state(&self, db: &mut Session<'_>) -> Result<()> {
        let schema = self.schema;
        db.script(&format!(
            "CREATE TABLE {schema}.load_parameters ( \
                 scale bigint NOT NULL, seed bigint NOT NULL, format integer NOT NULL, \
                 finished_at timestamptz); \
             CREATE TABLE {schema}.load_state ( \
                 table_name text, chunk integer, rows bigint NOT NULL, \
                 PRIMARY KEY (table_name, chunk))"
        ))
        .await
    }

    pub(crate) async fn begin_load(&self, catalogue: &C, db: &mut Session<'_>) -> Result<()> {
        let schema = self.schema;
        let sql = format!(
            "INSERT INTO {schema}.load_parameters (scale, seed, format) VALUES ($1, $2, $3)"
        );
        let (scale, seed) = (catalogue.scale().cast_signed(), catalogue.seed().cast_signed());
        db.sql(&sql, params![scale, seed, self.format]).await.map(drop)
    }

    pub(crate) async fn end_load(&self, db: &mut Session<'_>) -> Result<()> {
        let schema = self.schema;
        db.script(&format!("UPDATE {schema}.load_parameters SET finished_at = now()")).await
    }

    /// The committed chunks: table and number.
    pub(crate) async fn committed(&self, db: &mut Session<'_>) -> Result<BTreeSet<(String, i32)>> {
        let sql = format!("SELECT table_name, chunk FROM {}.load_state", self.schema);
        let rows = db.sql(&sql, &[]).await?;
        rows.iter().map(|row| Ok((row.get(0)?, row.get(1)?))).collect()
    }

    /// Notes a chunk in the transaction that copied its rows.
    pub(crate) async fn commit_chunk(
        &self,
        table: &str,
        chunk: i32,
        rows: u64,
        db: &mut Session<'_>,
    ) -> Result<()> {
        let schema = self.schema;
        let sql = format!(
            "INSERT INTO {schema}.load_state (table_name, chunk, rows) VALUES ($1, $2, $3)"
        );
        db.sql(&sql, params![table, chunk, rows.cast_signed()]).await.map(drop)
    }
}
