//! The TPC-C-like workload: the tables, transactions and mix of TPC-C, without its terminals, its
//! audit and its rules for publication, so that no figure of it is a TPC-C result.
//!
//! Clauses in comments are those of the TPC Benchmark C Standard Specification, revision 5.11.

mod business;
mod conditions;
mod nurand;
mod operations;
mod tables;
mod terminal;
mod transactions;

#[cfg(test)]
mod tests;

use dataset::Attached;
use stormdb_plugin_api::{
    Create, Host, Plugin, Result, Seat, Session, SetupPart, Workload,
    describe::{Check, Description, WorkloadDescription},
    export_plugin,
};

use crate::{
    business::Business,
    operations::Operations,
    tables::DATASET,
    terminal::{Terminal, TpccWorker},
};

/// The schema of all tables.
const SCHEMA: &str = "stormdb_tpcc";

/// The plugin `stormdb-tpcc`.
pub struct Tpcc;

impl Plugin for Tpcc {
    type Workload = TpccWorkload;

    fn describe() -> Description {
        // Clause 5.2.3, with what it asks for as a minimum.
        let mix = [
            ("new-order", 45),
            ("payment", 43),
            ("order-status", 4),
            ("delivery", 4),
            ("stock-level", 4),
        ];
        let mut workload = WorkloadDescription::new(
            "tpcc",
            "TPC-C-like order entry: nine tables, five transactions; no TPC-C result",
        )
        .minimum_postgres(14)
        .mode("tpcc", &mix)
        .scale("warehouses", 1);
        workload.operations = Operations::list();
        let workload = DATASET.describe(workload);
        Description::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")).workload(workload)
    }

    fn create(create: Create<'_>) -> Result<TpccWorkload> {
        Ok(TpccWorkload {
            asked: Business::new(create.scale(), create.seed())?,
            operations: Operations::register(&create.host),
            host: create.host,
            loaded: Attached::default(),
        })
    }
}

export_plugin!(Tpcc);

/// One instance: what was asked for, and what is loaded.
pub struct TpccWorkload {
    host: Host,
    /// The data that a set-up makes.
    asked: Business,
    operations: Operations,
    /// The data that was found.
    loaded: Attached<Business>,
}

impl Workload for TpccWorkload {
    type Worker = TpccWorker;

    async fn setup(&self, part: SetupPart, db: &mut Session<'_>) -> Result<()> {
        DATASET.setup(&self.asked, part, &self.host, db).await
    }

    async fn attach(&self, db: &mut Session<'_>) -> Result<()> {
        let loaded = DATASET.attach(&self.asked, "warehouses", &self.host, db).await?;
        let business = Business::new(loaded.scale, loaded.seed)?;
        business.verify(db).await?;
        self.loaded.set(business);
        Ok(())
    }

    async fn teardown(&self, db: &mut Session<'_>) -> Result<()> {
        DATASET.teardown(db).await
    }

    async fn check(&self, db: &mut Session<'_>) -> Result<Vec<Check>> {
        conditions::check(db).await
    }

    fn worker(&self, seat: Seat) -> Result<TpccWorker> {
        Ok(TpccWorker::new(Terminal::new(self.loaded.get()?, seat.worker), self.operations))
    }
}
