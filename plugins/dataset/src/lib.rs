//! What workloads with generated tables share: how these are made, loaded in pieces, found again and
//! dropped, and the list of operations on them.
//!
//! A workload whose data is a function of seed and scale (its [`Catalogue`]) says what its tables
//! and indexes are, and how the rows of a [`Span`] of a table are written. A [`Dataset`] does the
//! rest, in four stages: rows are copied in chunks that are committed one by one together with
//! a note of it, so that an interrupted set-up goes on where it stopped, and so that the data is
//! the same whatever the number of loaders.

mod attached;
mod chunks;
mod finish;
mod index;
mod load;
mod operation;
mod span;
mod state;
mod table;

use serde_json::json;
use stormdb_plugin_api::{
    Error, Host, LogLevel, Result, Session, SetupPart,
    describe::{self, WorkloadDescription},
    schema,
};

#[doc(hidden)]
pub use stormdb_plugin_api as api;

pub use crate::{
    attached::Attached,
    index::Index,
    operation::{Operation, found, mix, the_one, wrote_one},
    span::Span,
    state::Loaded,
    table::Table,
};

/// The stages of a set-up, and whether their parts may run on several connections.
const STAGES: [(&str, bool); 4] =
    [("schema", false), ("load", true), ("indexes", true), ("analyze", false)];

/// The data of one seed and scale.
pub trait Catalogue {
    /// In the unit of the workload.
    fn scale(&self) -> u64;

    /// What every row depends on.
    fn seed(&self) -> u64;
}

/// The tables of one workload in its own schema.
pub struct Dataset<C: 'static> {
    /// A name that needs no quotes.
    pub schema: &'static str,
    /// Counted up when the same seed and scale give other data.
    pub format: i32,
    /// Types and functions, made before the tables and dropped after them.
    pub objects: &'static [Object],
    /// In the order of their loading.
    pub tables: &'static [&'static Table<C>],
    /// Those that take longest come first.
    pub indexes: &'static [Index],
    /// Statements that are executed once, in one transaction, after the indexes are there: foreign
    /// keys, functions, triggers. Here and in [`Table::create`], names without a schema mean this one.
    pub constraints: &'static [&'static str],
}

/// A type or function that tables and triggers need.
pub struct Object {
    /// `CREATE TYPE …`, `CREATE FUNCTION …`.
    pub create: &'static str,
    /// `DROP TYPE IF EXISTS …`.
    pub drop: &'static str,
}

impl<C: Catalogue> Dataset<C> {
    /// Adds the stages and tables to what a workload says of itself.
    #[must_use]
    pub fn describe(&self, mut workload: WorkloadDescription) -> WorkloadDescription {
        for (name, parallel) in STAGES {
            workload = workload.stage(name, parallel);
        }
        for table in self.tables {
            workload = workload.table(self.describe_table(table));
        }
        workload
    }

    fn describe_table(&self, table: &Table<C>) -> describe::Table {
        let of_table = self.indexes.iter().filter_map(|index| {
            let on = index.on_table(table.name)?;
            Some(describe::Index {
                name: index.name().to_owned(),
                unique: index.is_unique(),
                on: on.to_owned(),
            })
        });
        describe::Table {
            name: format!("{}.{}", self.schema, table.name),
            columns: table.definition().to_owned(),
            indexes: of_table.collect(),
        }
    }

    /// Carries out one part of a stage; finds what an interrupted set-up left and finishes it.
    ///
    /// # Errors
    /// The schema holds objects of someone else, or what the server says.
    pub async fn setup(
        &self,
        catalogue: &C,
        part: SetupPart,
        host: &Host,
        db: &mut Session<'_>,
    ) -> Result<()> {
        match part.stage {
            0 => self.create(catalogue, db).await,
            1 => self.load(catalogue, part, host, db).await,
            2 => self.build_indexes(part, host, db).await,
            3 => self.finish(db).await,
            unknown => Err(Error::protocol(format!("there is no stage {unknown}"))),
        }
    }

    /// Drops the tables, and the schema where nothing else is in it.
    ///
    /// # Errors
    /// What the server says.
    pub async fn teardown(&self, db: &mut Session<'_>) -> Result<()> {
        self.drop_all(db).await?;
        schema::drop_if_empty(db, self.schema).await.map(drop)
    }

    /// What a finished set-up loaded, which may be of another scale and seed than is asked for now;
    /// then the log says so. The loaded scale, in `unit`s, becomes a result of the run.
    ///
    /// # Errors
    /// There is no data, it is half loaded, or another version of the plugin loaded it; the message
    /// says what to do.
    pub async fn attach(
        &self,
        asked: &C,
        unit: &str,
        host: &Host,
        db: &mut Session<'_>,
    ) -> Result<Loaded> {
        let schema = self.schema;
        let loaded = self.loaded(db).await?;
        let (found, wanted) = (loaded.scale, asked.scale());
        if found != wanted {
            let message = format!(
                "schema {schema} holds {found} {unit}, scale {wanted} was asked for: the run uses what is there"
            );
            host.log(LogLevel::Warn, &message);
        }
        host.report("loaded_scale", &json!({ "value": found, "unit": unit }))?;
        Ok(loaded)
    }

    async fn loaded(&self, db: &mut Session<'_>) -> Result<Loaded> {
        let Self { schema, format, .. } = self;
        let missing = |found: &str| {
            Error::workload(format!("{found} in schema {schema}: run once with --setup"))
        };
        let Some(found) = self.find(db).await? else {
            return Err(missing("no data"));
        };
        if found.format != *format {
            return Err(Error::workload(format!(
                "schema {schema} was loaded by another version of this plugin: run once with --rebuild"
            )));
        }
        if !found.finished {
            return Err(missing("half-loaded data"));
        }
        Ok(found.loaded)
    }

    /// Makes the tables, unless they hold, or will hold, what is asked for.
    async fn create(&self, catalogue: &C, db: &mut Session<'_>) -> Result<()> {
        let name = self.schema;
        let found = self.find(db).await?;
        if found.is_some_and(|found| found.serves(self, catalogue)) {
            return Ok(());
        }
        if found.is_none() && schema::exists(db, name).await? && !schema::is_empty(db, name).await?
        {
            return Err(Error::workload(format!(
                "schema {name} holds objects that this plugin did not make: drop or rename them"
            )));
        }
        db.begin().await?;
        schema::create(db, name).await?;
        self.drop_all(db).await?;
        self.create_state(db).await?;
        self.names_in_schema(db).await?;
        for object in self.objects {
            db.script(object.create).await?;
        }
        for table in self.tables {
            db.script(table.create).await?;
        }
        self.begin_load(catalogue, db).await?;
        db.commit().await
    }

    /// Lets names without a schema mean what is in this one until the transaction ends, so that
    /// datasets can share tables.
    pub(crate) async fn names_in_schema(&self, db: &mut Session<'_>) -> Result<()> {
        let name = self.schema;
        // Types of extensions are mostly in `public`.
        db.script(&format!("SET LOCAL search_path TO {name}, public")).await
    }

    /// Not what others made to depend on it: then the server refuses, and says what it is.
    async fn drop_all(&self, db: &mut Session<'_>) -> Result<()> {
        let schema = self.schema;
        let names = self.tables.iter().map(|table| table.name).chain(state::NAMES);
        let names: Vec<_> = names.map(|name| format!("{schema}.{name}")).collect();
        db.script(&format!("DROP TABLE IF EXISTS {}", names.join(", "))).await?;
        for object in self.objects {
            db.script(object.drop).await?;
        }
        Ok(())
    }
}
