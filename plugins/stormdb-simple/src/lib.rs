//! Single-row reads and updates by primary key: the simple workload.

mod operations;
mod rows;

use std::sync::{Mutex, PoisonError};

use serde_json::json;
use stormdb_plugin_api::{
    Create, Error, Host, LogLevel, Plugin, Result, Seat, Session, SetupPart, Workload,
    describe::{Check, Class, Description, Operation, Table, WorkloadDescription},
    export_plugin, schema,
};

use crate::{
    operations::{SimpleWorker, Statements},
    rows::{Ids, SCHEMA},
};

/// The plugin `stormdb-simple`.
pub struct Simple;

impl Plugin for Simple {
    type Workload = SimpleWorkload;

    fn describe() -> Description {
        let workload = WorkloadDescription::new("simple", "Reads and updates of one row by its id")
            .minimum_postgres(14)
            .operation(Operation::new("read", Class::Read).about("One row by its id"))
            .operation(Operation::new("write", Class::Write).about("Updates one row by its id"))
            .mode("simple", &[("read", 1), ("write", 1)])
            .mode("mixed", &[("read", 1), ("write", 1)])
            .mode("read", &[("read", 1)])
            .mode("write", &[("write", 1)])
            .stage("schema", false)
            .stage("load", true)
            .stage("analyze", false)
            .table(Table {
                name: rows::TABLE.to_owned(),
                columns: rows::COLUMNS.to_owned(),
                indexes: Vec::new(),
            })
            .scale("rows", 1000);
        Description::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")).workload(workload)
    }

    fn create(create: Create<'_>) -> Result<SimpleWorkload> {
        let rows = i64::try_from(create.scale())
            .map_err(|_large| Error::config("scale", format!("{} is too large", create.scale())))?;
        let statements = Statements::register(&create.host);
        Ok(SimpleWorkload { host: create.host, rows, statements, ids: Mutex::new(None) })
    }
}

export_plugin!(Simple);

/// One instance: a table of `scale` rows.
pub struct SimpleWorkload {
    host: Host,
    rows: i64,
    statements: Statements,
    ids: Mutex<Option<Ids>>,
}

impl Workload for SimpleWorkload {
    type Worker = SimpleWorker;

    async fn setup(&self, part: SetupPart, db: &mut Session<'_>) -> Result<()> {
        match part.stage {
            0 => rows::create(self.rows, db).await,
            1 => rows::load(self.rows, part, &self.host, db).await,
            _ => db.script(rows::VACUUM).await,
        }
    }

    async fn attach(&self, db: &mut Session<'_>) -> Result<()> {
        let ids = rows::ids(db).await?;
        let loaded = ids.last - ids.first + 1;
        if loaded != self.rows {
            let message = format!(
                "schema {SCHEMA} holds {loaded} rows, scale {} was asked for: the run uses what is \
                 there",
                self.rows
            );
            self.host.log(LogLevel::Warn, &message);
        }
        self.host.report("loaded_scale", &json!({ "value": loaded, "unit": "rows" }))?;
        *self.ids.lock().unwrap_or_else(PoisonError::into_inner) = Some(ids);
        Ok(())
    }

    async fn teardown(&self, db: &mut Session<'_>) -> Result<()> {
        db.script(rows::DROP).await?;
        schema::drop_if_empty(db, SCHEMA).await.map(drop)
    }

    async fn check(&self, db: &mut Session<'_>) -> Result<Vec<Check>> {
        Ok(vec![rows::check(db).await?])
    }

    fn worker(&self, _seat: Seat) -> Result<SimpleWorker> {
        let ids = *self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        let ids = ids.ok_or_else(|| Error::protocol("`worker` was called before `attach`"))?;
        Ok(SimpleWorker { statements: self.statements, ids })
    }
}

#[cfg(test)]
mod tests;
