//! A shop with vendors, purchase orders that the database makes and closes by itself, and reviews
//! that are searched by vectors.

mod conditions;
mod market;
mod operations;
mod pick;
mod reads;
mod tables;
mod vectors;
mod writes;

use datagen_service::Datagen;
use dataset::{Attached, mix};
use serde::Deserialize;
use serde_json::json;
use shop::{Store, checks};
use stormdb_plugin_api::{
    Call, Create, Error, Host, LogLevel, Outcome, Plugin, Result, Rng, Seat, Session, SetupPart,
    Worker, Workload,
    describe::{Check, Description, WorkloadDescription},
    export_plugin,
};

use crate::{
    conditions::CONDITIONS,
    market::Market,
    operations::{DOCUMENTED, Operations},
    tables::DATASET,
};

/// The schema of all tables.
const SCHEMA: &str = "stormdb_ecommerce";

/// Sixty of a hundred operations are these reads, forty these writes.
const OLTP: [(&str, u32); 9] = [
    ("user-by-email", 12),
    ("product-by-sku", 12),
    ("user-orders", 12),
    ("product-inventory", 12),
    ("order-header", 12),
    ("adjust-inventory", 10),
    ("update-user-profile", 10),
    ("log-event", 10),
    ("set-order-status", 10),
];
const ANALYTICS: [(&str, u32); 7] = [
    ("stock-status", 1),
    ("monthly-growth", 1),
    ("top-products", 1),
    ("vendor-performance", 1),
    ("stock-report", 1),
    ("sales-by-category", 1),
    ("customer-segments", 1),
];

/// Shorter than those of common models, so that loading takes seconds.
const DIMENSIONS: i32 = 256;
/// More have no HNSW index.
const MOST_DIMENSIONS: i32 = 2000;

/// The plugin `stormdb-ecommerce`.
pub struct Ecommerce;

impl Plugin for Ecommerce {
    type Workload = EcommerceWorkload;

    fn describe() -> Description {
        let operations = Operations::list();
        // 20 reads of weight 3 are to 10 writes of weight 2 as 75 to 25.
        let documented = &operations[..DOCUMENTED];
        let mixed = mix(documented, 3, 2);
        let mut workload = WorkloadDescription::new(
            "ecommerce",
            "A shop with vendors, automatic purchase orders and reviews with vectors (extension `vector`)",
        )
        .minimum_postgres(14)
        .scale("users", 1000)
        .mode("ecommerce", &mixed)
        .mode("ecommerce_read", &mix(documented, 1, 0))
        .mode("ecommerce_write", &mix(documented, 0, 1))
        .mode("ecommerce_mixed", &mixed)
        .mode("ecommerce_oltp", &OLTP)
        .mode("ecommerce_analytics", &ANALYTICS)
        .config_schema(json!({
            "type": "object",
            "properties": {
                "dimensions": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": MOST_DIMENSIONS,
                    "default": DIMENSIONS,
                    "description": "How long the vectors of the reviews are that a set-up loads."
                }
            },
            "additionalProperties": false
        }));
        workload.extensions.push("vector".to_owned());
        workload.operations = operations;
        let workload = DATASET.describe(workload);
        Description::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")).workload(workload)
    }

    fn create(create: Create<'_>) -> Result<EcommerceWorkload> {
        let datagen = Datagen::import(&create.host)?;
        let Config { dimensions } = create.config()?;
        Ok(EcommerceWorkload {
            asked: Market::new(create.scale(), create.seed(), dimensions, datagen)?,
            operations: Operations::register(&create.host),
            host: create.host,
            loaded: Attached::default(),
        })
    }
}

export_plugin!(Ecommerce);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    #[serde(default = "default_dimensions")]
    dimensions: i32,
}

fn default_dimensions() -> i32 {
    DIMENSIONS
}

/// One instance: what was asked for, and what is loaded.
pub struct EcommerceWorkload {
    host: Host,
    /// The data that a set-up makes.
    asked: Market,
    operations: Operations,
    /// The data that was found.
    loaded: Attached<Market>,
}

impl Workload for EcommerceWorkload {
    type Worker = EcommerceWorker;

    async fn setup(&self, part: SetupPart, db: &mut Session<'_>) -> Result<()> {
        if part.stage != 0 {
            return DATASET.setup(&self.asked, part, &self.host, db).await;
        }
        vectors::create_extension(db).await?;
        DATASET.setup(&self.asked, part, &self.host, db).await?;
        vectors::set_length(self.asked.dimensions(), db).await
    }

    async fn attach(&self, db: &mut Session<'_>) -> Result<()> {
        let loaded = DATASET.attach(&self.asked, "users", &self.host, db).await?;
        let datagen = self.asked.catalogue().datagen();
        let dimensions = self.dimensions(db).await?;
        let market = Market::new(loaded.scale, loaded.seed, dimensions, datagen)?;
        market.verify(db).await?;
        self.loaded.set(market);
        Ok(())
    }

    async fn teardown(&self, db: &mut Session<'_>) -> Result<()> {
        DATASET.teardown(db).await
    }

    async fn check(&self, db: &mut Session<'_>) -> Result<Vec<Check>> {
        let conditions: Vec<_> = checks::CONDITIONS.into_iter().chain(CONDITIONS).collect();
        checks::run(Market::PROFILE, &conditions, db).await
    }

    fn worker(&self, _seat: Seat) -> Result<EcommerceWorker> {
        Ok(EcommerceWorker { store: self.loaded.get()?, operations: self.operations })
    }
}

impl EcommerceWorkload {
    /// How long the loaded vectors are, which may be another length than was asked for.
    async fn dimensions(&self, db: &mut Session<'_>) -> Result<i32> {
        let asked = self.asked.dimensions();
        let loaded = vectors::length(db).await?.ok_or_else(|| {
            Error::workload("the vectors of the reviews have no length: run once with --rebuild")
        })?;
        if loaded != asked {
            let message = format!(
                "schema {SCHEMA} holds vectors of {loaded} dimensions, {asked} were asked for: \
                 the run uses what is there"
            );
            self.host.log(LogLevel::Warn, &message);
        }
        Ok(loaded)
    }
}

/// A client that executes any of the operations.
pub struct EcommerceWorker {
    store: Market,
    operations: Operations,
}

impl Worker for EcommerceWorker {
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
