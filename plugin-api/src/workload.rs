//! The traits that an author implements.

use serde::de::DeserializeOwned;

use crate::{
    Call, Error, Host, Outcome, Result, Rng, Seat, ServiceExport, Session, SetupPart,
    abi::workload::Creation,
    describe::{Check, Description},
};

/// A plugin: what it offers, and how a workload of it is made.
pub trait Plugin: 'static {
    /// The type of its workloads; [`NoWorkload`] for a plugin that only exports services.
    type Workload: Workload;

    /// What the plugin offers; constant.
    fn describe() -> Description;

    /// Makes one workload instance.
    ///
    /// # Errors
    /// The configuration cannot be used.
    fn create(create: Create<'_>) -> Result<Self::Workload>;

    /// The service with this identifier, for plugins that depend on this one.
    #[must_use]
    fn service(_id: &str) -> Option<&'static ServiceExport> {
        None
    }
}

/// What the host asks for when it makes a workload instance.
pub struct Create<'a> {
    /// The host; keep a clone of it.
    pub host: Host,
    pub(crate) asked: Creation<'a>,
}

impl<'a> Create<'a> {
    /// The workload's name in the description.
    #[must_use]
    pub fn workload(&self) -> &'a str {
        self.asked.workload.as_str()
    }

    /// The mode that the user asked for.
    #[must_use]
    pub fn mode(&self) -> &'a str {
        self.asked.mode.as_str()
    }

    /// The variant to run; empty where the workload has none.
    #[must_use]
    pub fn variant(&self) -> &'a str {
        self.asked.variant.as_str()
    }

    /// The size of the data set, in the workload's own unit; at least 1.
    #[must_use]
    pub fn scale(&self) -> u64 {
        self.asked.scale
    }

    /// The seed of the data.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.asked.seed
    }

    /// `workload_config`, which the host has checked against the workload's schema.
    ///
    /// # Errors
    /// The document does not fit `T`.
    pub fn config<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_str(self.asked.config.as_str())
            .map_err(|error| Error::config("workload_config", error.to_string()))
    }
}

/// One workload instance, shared by all workers.
#[expect(async_fn_in_trait, reason = "the futures of a workload stay on one executor")]
pub trait Workload: Send + Sync + Sized + 'static {
    /// The state of one worker.
    type Worker: Worker;

    /// One part of one stage of making the schema and its data. It finds what an earlier,
    /// interrupted set-up left and finishes it.
    ///
    /// # Errors
    /// What the server says; the host shows it and stops.
    async fn setup(&self, _part: SetupPart, _db: &mut Session<'_>) -> Result<()> {
        Ok(())
    }

    /// Reads what the workers must know of the loaded data, such as id ranges; called once before
    /// the first band.
    ///
    /// # Errors
    /// The data is not there; the message says how to load it.
    async fn attach(&self, _db: &mut Session<'_>) -> Result<()> {
        Ok(())
    }

    /// Drops everything that `setup` made, and nothing else.
    ///
    /// # Errors
    /// What the server says.
    async fn teardown(&self, _db: &mut Session<'_>) -> Result<()> {
        Ok(())
    }

    /// Checks the data after a run.
    ///
    /// # Errors
    /// A check could not be made.
    async fn check(&self, _db: &mut Session<'_>) -> Result<Vec<Check>> {
        Ok(Vec::new())
    }

    /// Makes the state of one worker.
    ///
    /// # Errors
    /// The worker cannot work, for example because `attach` found no data.
    fn worker(&self, seat: Seat) -> Result<Self::Worker>;
}

/// One worker: a logical client that executes one operation at a time.
#[expect(async_fn_in_trait, reason = "the futures of a worker stay on one executor")]
pub trait Worker: Sized + 'static {
    /// Executes one operation. The same call with the same generator does the same, so that a
    /// retry repeats it.
    ///
    /// # Errors
    /// The server's error as it came, or what the workload found wrong.
    async fn execute(&mut self, call: Call, db: &mut Session<'_>, rng: &mut Rng)
    -> Result<Outcome>;
}

impl Outcome {
    /// An operation that read `rows` rows.
    #[must_use]
    pub fn read(rows: u64) -> Self {
        Self { rows_read: rows, ..Self::default() }
    }

    /// An operation that wrote `rows` rows.
    #[must_use]
    pub fn written(rows: u64) -> Self {
        Self { rows_written: rows, ..Self::default() }
    }
}

/// The workload of a plugin that has none.
pub enum NoWorkload {}

impl Workload for NoWorkload {
    type Worker = Self;

    fn worker(&self, _seat: Seat) -> Result<Self> {
        match *self {}
    }
}

impl Worker for NoWorkload {
    async fn execute(
        &mut self,
        _call: Call,
        _db: &mut Session<'_>,
        _rng: &mut Rng,
    ) -> Result<Outcome> {
        match *self {}
    }
}
