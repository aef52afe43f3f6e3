//! Movies, their cast, comments, views and votes: the imdb workload.
//!
//! The data is a function of seed and scale ([`catalogue`]), so that operations can ask for
//! values that are there, and check what they read, without reading it first.

mod catalogue;
mod checks;
mod movies;
mod operations;
mod reads;
mod setup;
mod writes;

use datagen_service::Datagen;
use dataset::{Attached, mix};
use stormdb_plugin_api::{
    Call, Create, Host, Outcome, Plugin, Result, Rng, Seat, Session, SetupPart, Worker, Workload,
    describe::{Check, Description, WorkloadDescription},
    export_plugin,
};

use crate::{catalogue::Catalogue, movies::Movies, operations::Operations, setup::DATASET};

/// The schema of all tables.
const SCHEMA: &str = "stormdb_imdb";

/// The plugin `stormdb-imdb`.
pub struct Imdb;

impl Plugin for Imdb {
    type Workload = ImdbWorkload;

    fn describe() -> Description {
        let operations = Operations::list();
        // 15 reads of weight 49 are to 7 writes of weight 45 as 70 to 30.
        let mixed = mix(&operations, 49, 45);
        let mut workload =
            WorkloadDescription::new("imdb", "Movies, actors, comments, views and votes")
                .minimum_postgres(14)
                .mode("imdb", &mixed)
                .mode("imdb_read", &mix(&operations, 1, 0))
                .mode("imdb_write", &mix(&operations, 0, 1))
                .mode("imdb_mixed", &mixed)
                .scale("movies", 1000);
        workload.operations = operations;
        let workload = DATASET.describe(workload);
        Description::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION")).workload(workload)
    }

    fn create(create: Create<'_>) -> Result<ImdbWorkload> {
        let datagen = Datagen::import(&create.host)?;
        Ok(ImdbWorkload {
            asked: Catalogue::new(create.scale(), create.seed(), datagen)?,
            operations: Operations::register(&create.host),
            host: create.host,
            dataset: Attached::default(),
        })
    }
}

export_plugin!(Imdb);

/// One instance: what was asked for, and what is loaded.
pub struct ImdbWorkload {
    host: Host,
    /// The data that a set-up makes.
    asked: Catalogue,
    operations: Operations,
    /// The data that was found.
    dataset: Attached<Movies>,
}

impl Workload for ImdbWorkload {
    type Worker = ImdbWorker;

    async fn setup(&self, part: SetupPart, db: &mut Session<'_>) -> Result<()> {
        DATASET.setup(&self.asked, part, &self.host, db).await
    }

    async fn attach(&self, db: &mut Session<'_>) -> Result<()> {
        let dataset = Movies::find(&self.asked, &self.host, db).await?;
        self.dataset.set(dataset);
        Ok(())
    }

    async fn teardown(&self, db: &mut Session<'_>) -> Result<()> {
        DATASET.teardown(db).await
    }

    async fn check(&self, db: &mut Session<'_>) -> Result<Vec<Check>> {
        checks::run(db).await
    }

    fn worker(&self, _seat: Seat) -> Result<ImdbWorker> {
        Ok(ImdbWorker { dataset: self.dataset.get()?, operations: self.operations })
    }
}

/// A client that executes any of the operations.
pub struct ImdbWorker {
    dataset: Movies,
    operations: Operations,
}

impl Worker for ImdbWorker {
    async fn execute(
        &mut self,
        call: Call,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        self.operations.execute(call.operation, &self.dataset, db, rng).await
    }
}

#[cfg(test)]
mod tests;
