//! The last stage: primary keys, sequences, constraints, statistics, and the note that the load is whole.

use stormdb_plugin_api::{Result, Session, params};

use crate::{Catalogue, Dataset, Table};

impl<C: Catalogue> Dataset<C> {
    pub(crate) async fn finish(&self, db: &mut Session<'_>) -> Result<()> {
        if self.find(db).await?.is_some_and(|found| found.finished) {
            return Ok(());
        }
        for &table in self.tables {
            self.promote_key(table.name, db).await?;
            self.advance_sequence(table, db).await?;
            // Visible to all, so that the first readers do not write hint bits.
            db.script(&format!("VACUUM (ANALYZE) {}.{}", self.schema, table.name)).await?;
        }
        // Constraints have no IF NOT EXISTS: they come into being together with the note.
        db.begin().await?;
        self.names_in_schema(db).await?;
        for constraint in self.constraints {
            db.script(constraint).await?;
        }
        self.end_load(db).await?;
        db.commit().await
    }

    /// Makes the unique index `…_pkey` the primary key.
    async fn promote_key(&self, table: &str, db: &mut Session<'_>) -> Result<()> {
        let (schema, key) = (self.schema, format!("{table}_pkey"));
        if !self.indexes.iter().any(|index| index.name() == key) {
            return Ok(());
        }
        let sql = "SELECT EXISTS (SELECT FROM pg_constraint WHERE conname = $1 \
                   AND connamespace = to_regnamespace($2))";
        let there: bool = db.sql(sql, params![&key, schema]).await?.one()?.get(0)?;
        if there {
            return Ok(());
        }
        db.script(&format!(
            "ALTER TABLE {schema}.{table} ADD CONSTRAINT {key} PRIMARY KEY USING INDEX {key}"
        ))
        .await
    }

    /// Lets the sequence of a table go on after the loaded numbers.
    async fn advance_sequence(&self, table: &Table<C>, db: &mut Session<'_>) -> Result<()> {
        let (Some(column), schema, name) = (table.serial, self.schema, table.name) else {
            return Ok(());
        };
        db.script(&format!(
            "SELECT setval(pg_get_serial_sequence('{schema}.{name}', '{column}'), \
                 coalesce(max({column}), 1), max({column}) IS NOT NULL) \
             FROM {schema}.{name}"
        ))
        .await
    }
}
