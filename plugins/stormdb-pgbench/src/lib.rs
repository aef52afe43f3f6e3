//! pgbench's select-only and TPC-B-like transactions on pgbench's own tables, so that StormDB and
//! pgbench can be measured side by side.

mod balances;
mod load;
mod operations;
mod tables;

use std::sync::{Mutex, PoisonError};

use serde::Deserialize;
use serde_json::json;
use stormdb_plugin_api::{
    Create, Error, Host, LogLevel, Plugin, Result, Seat, Session, SetupPart, Workload,
    describe::{Check, Class, Description, Operation, WorkloadDescription},
    export_plugin,
};

use crate::{
    balances::Balances,
    operations::{PgbenchWorker, Statements},
    tables::{Made, Tables},
};

/// The plugin `stormdb-pgbench`.
pub struct Pgbench;

impl Plugin for Pgbench {
    type Workload = PgbenchWorkload;

    fn describe() -> Description {
        let workload = WorkloadDescription::new(
            "pgbench",
            "pgbench's built-in scripts on pgbench's tables",
        )
        .minimum_postgres(14)
        .operation(Operation::new("tpcb", Class::Write).about(
            "The transaction of `pgbench`: three updates, a select and an insert, one by one",
        ))
        .operation(
            Operation::new("select-only", Class::Read)
                .about("The transaction of `pgbench -S`: one account"),
        )
        .operation(
            Operation::new("tpcb-pipeline", Class::Write)
                .about("The same transaction as one pipeline"),
        )
        .operation(
            Operation::new("select-pipeline", Class::Read).about("Ten accounts in one pipeline"),
        )
        .mode("pgbench", &[("tpcb", 1)])
        .mode("pgbench_tpcb", &[("tpcb", 1)])
        .mode("pgbench_select_only", &[("select-only", 1)])
        .mode("pgbench_tpcb_pipeline", &[("tpcb-pipeline", 1)])
        .mode("pgbench_select_pipeline", &[("select-pipeline", 1)])
        .stage("tables", false)
        .stage("accounts", true)
        .stage("keys", false)
        .stage("analyze", false)
        .scale("branches", 1)
        .config_schema(json!({
            "type": "object",
            "properties": {
                "schema": {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 63,
                    "default": "public",
                    "description": "The schema of the pgbench tables; pgbench itself uses public."
                }
            },
            "additionalProperties": false
        }));
        Description::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")).workload(workload)
    }

    fn create(create: Create<'_>) -> Result<PgbenchWorkload> {
        let Config { schema } = create.config()?;
        let tables = Tables::new(&schema);
        Ok(PgbenchWorkload {
            statements: Statements::register(&create.host, &tables),
            writes: !["pgbench_select_only", "pgbench_select_pipeline"].contains(&create.mode()),
            scale: load::scale(create.scale())?,
            host: create.host,
            tables,
            attached: Mutex::new(None),
        })
    }
}

export_plugin!(Pgbench);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    #[serde(default = "public")]
    schema: String,
}

fn public() -> String {
    "public".to_owned()
}

/// One instance: the four tables of pgbench in one schema.
pub struct PgbenchWorkload {
    host: Host,
    tables: Tables,
    statements: Statements,
    /// Branches that were asked for.
    scale: i64,
    /// Whether the mode changes balances.
    writes: bool,
    attached: Mutex<Option<Attached>>,
}

/// What was found before the first band.
#[derive(Clone, Copy)]
struct Attached {
    branches: i64,
    /// Where the mode changes them.
    balances: Option<Balances>,
}

impl PgbenchWorkload {
    fn attached(&self) -> Option<Attached> {
        *self.attached.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Workload for PgbenchWorkload {
    type Worker = PgbenchWorker;

    async fn setup(&self, part: SetupPart, db: &mut Session<'_>) -> Result<()> {
        if part.stage == 0 {
            return self.tables.prepare(self.scale, db).await;
        }
        match (self.tables.find(db).await?, part.stage) {
            (Made::Loading { .. }, 1) => {
                load::accounts(&self.tables, self.scale, part, &self.host, db).await
            }
            (Made::Loading { .. }, 2) => self.tables.finish(self.scale, db).await,
            (Made::Loaded { .. }, 3) => self.tables.vacuum(db).await,
            _ => Ok(()),
        }
    }

    async fn attach(&self, db: &mut Session<'_>) -> Result<()> {
        let branches = self.tables.branches(db).await?;
        if branches != self.scale {
            let message = format!(
                "the pgbench tables hold {branches} branches, scale {} was asked for: the run uses \
                 what is there",
                self.scale
            );
            self.host.log(LogLevel::Warn, &message);
        }
        self.host.report("loaded_scale", &json!({ "value": branches, "unit": "branches" }))?;
        let balances = match self.writes {
            true => Some(Balances::read(&self.tables, db).await?),
            false => None,
        };
        let attached = Some(Attached { branches, balances });
        *self.attached.lock().unwrap_or_else(PoisonError::into_inner) = attached;
        Ok(())
    }

    async fn teardown(&self, db: &mut Session<'_>) -> Result<()> {
        if !self.tables.drop_own(db).await? {
            self.host.log(LogLevel::Info, "the pgbench tables were made by pgbench: left in place");
        }
        Ok(())
    }

    async fn check(&self, db: &mut Session<'_>) -> Result<Vec<Check>> {
        let Some(before) = self.attached().and_then(|attached| attached.balances) else {
            return Ok(Vec::new());
        };
        let after = Balances::read(&self.tables, db).await?;
        Ok(vec![after.since(before).check()])
    }

    fn worker(&self, _seat: Seat) -> Result<PgbenchWorker> {
        let attached = self
            .attached()
            .ok_or_else(|| Error::protocol("`worker` was called before `attach`"))?;
        Ok(PgbenchWorker::new(self.statements, attached.branches))
    }
}

#[cfg(test)]
mod tests;
