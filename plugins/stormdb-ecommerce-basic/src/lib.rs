//! A shop without extensions: users, products, stock, orders, reviews, sessions and events.

mod basic;
mod operations;
mod reads;
mod tables;
mod writes;

use datagen_service::Datagen;
use dataset::{Attached, mix};
use shop::{Store, checks};
use stormdb_plugin_api::{
    Call, Create, Host, Outcome, Plugin, Result, Rng, Seat, Session, SetupPart, Worker, Workload,
    describe::{Check, Description, WorkloadDescription},
    export_plugin,
};

use crate::{basic::Basic, operations::Operations, tables::DATASET};

/// The schema of all tables.
const SCHEMA: &str = "stormdb_ecommerce_basic";

/// Sixty of a hundred operations are these reads, forty these writes.
const OLTP: [(&str, u32); 9] = [
    ("user-by-email", 12),
    ("product-by-sku", 12),
    ("user-orders", 12),
    ("product-reviews", 12),
    ("category-products", 12),
    ("create-order", 10),
    ("adjust-inventory", 10),
    ("log-event", 10),
    ("update-user", 10),
];
const ANALYTICS: [(&str, u32); 5] = [
    ("monthly-spending", 20),
    ("rated-products", 20),
    ("inventory-value", 20),
    ("recent-activity", 20),
    ("similar-users", 20),
];

/// The plugin `stormdb-ecommerce-basic`.
pub struct EcommerceBasic;

impl Plugin for EcommerceBasic {
    type Workload = BasicWorkload;

    fn describe() -> Description {
        let operations = Operations::list();
        // 14 reads of weight 12 are to 8 writes of weight 7 as 75 to 25.
        let mixed = mix(&operations, 12, 7);
        let mut workload = WorkloadDescription::new(
            "ecommerce_basic",
            "A shop: users, products, orders, reviews and events, without extensions",
        )
        .minimum_postgres(14)
        .scale("users", 1000)
        .mode("ecommerce_basic", &mixed)
        .mode("ecommerce_basic_read", &mix(&operations, 1, 0))
        .mode("ecommerce_basic_write", &mix(&operations, 0, 1))
        .mode("ecommerce_basic_mixed", &mixed)
        .mode("ecommerce_basic_oltp", &OLTP)
        .mode("ecommerce_basic_analytics", &ANALYTICS);
        workload.operations = operations;
        let workload = DATASET.describe(workload);
        Description::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")).workload(workload)
    }

    fn create(create: Create<'_>) -> Result<BasicWorkload> {
        let datagen = Datagen::import(&create.host)?;
        Ok(BasicWorkload {
            asked: Basic::new(create.scale(), create.seed(), datagen)?,
            operations: Operations::register(&create.host),
            host: create.host,
            loaded: Attached::default(),
        })
    }
}

export_plugin!(EcommerceBasic);

/// One instance: what was asked for, and what is loaded.
pub struct BasicWorkload {
    host: Host,
    /// The data that a set-up makes.
    asked: Basic,
    operations: Operations,
    /// The data that was found.
    loaded: Attached<Basic>,
}

impl Workload for BasicWorkload {
    type Worker = BasicWorker;

    async fn setup(&self, part: SetupPart, db: &mut Session<'_>) -> Result<()> {
        DATASET.setup(&self.asked, part, &self.host, db).await
    }

    async fn attach(&self, db: &mut Session<'_>) -> Result<()> {
        let loaded = DATASET.attach(&self.asked, "users", &self.host, db).await?;
        let datagen = self.asked.catalogue().datagen();
        let basic = Basic::new(loaded.scale, loaded.seed, datagen)?;
        basic.verify(db).await?;
        self.loaded.set(basic);
        Ok(())
    }

    async fn teardown(&self, db: &mut Session<'_>) -> Result<()> {
        DATASET.teardown(db).await
    }

    async fn check(&self, db: &mut Session<'_>) -> Result<Vec<Check>> {
        checks::run(Basic::PROFILE, &checks::CONDITIONS, db).await
    }

    fn worker(&self, _seat: Seat) -> Result<BasicWorker> {
        Ok(BasicWorker { store: self.loaded.get()?, operations: self.operations })
    }
}

/// A client that executes any of the operations.
pub struct BasicWorker {
    store: Basic,
    operations: Operations,
}

impl Worker for BasicWorker {
    async fn execute(
        &mut self,
        call: Call,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        self.operations.execute(call.operation, &self.store, db, rng).await
    }
}

#[cfg(test)]
mod tests;
