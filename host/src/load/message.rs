//! What supervisor and load process say to each other: orders go down, notices come up.

use std::{fmt, time::Duration};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use stormdb_plugin_api::describe::Description;
use stormdb_process::lockdown::{Lockdown, LockdownPlan};
use stormdb_registry::seal::Statement;
use stormdb_run::{
    config::run_config::{Arrivals, Driver},
    event::{Failure, RunEvent},
};
use stormdb_target::endpoint::Endpoint;

use super::trial::{Trial, TrialOrder};

/// One thing that the load process is to do; it answers with `Notice::Done` or `Notice::Failed`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "kebab-case")]
pub(crate) enum Order {
    /// First: give up what plugins must not have, then load them.
    Load(LoadOrder),
    /// Make the workload instance.
    Create(Box<CreateOrder>),
    /// Make the schema and its data over so many connections; `rebuild` drops it first.
    Setup { connections: u32, rebuild: bool },
    /// Read what workers must know of the data.
    Attach,
    /// Drive one band.
    Band(Box<BandOrder>),
    /// End the band that is running, and keep what was measured.
    StopBand,
    /// Check the data.
    Check,
    /// Let go of the workload instance, and count what its plugin leaves behind.
    Leave,
    /// Make an instance of every workload of the plugin that was loaded last, with one worker, and let go of it.
    Examine,
    /// Try every operation on its own.
    Try(TrialOrder),
    /// Drop what the set-up made.
    Teardown,
    /// End.
    Goodbye,
}

/// What to give up, and what to load then.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LoadOrder {
    pub(crate) lockdown: LockdownPlan,
    /// Load nothing where the kernel enforces less than the whole lock-down.
    pub(crate) whole_lockdown: bool,
    pub(crate) plugins: Vec<Statement>,
    pub(crate) log_level: u8,
}

/// The workload to make, and the target to connect it to.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct CreateOrder {
    /// The plugin that offers it.
    pub(crate) plugin: String,
    pub(crate) workload: String,
    pub(crate) mode: String,
    pub(crate) scale: u64,
    pub(crate) data_seed: u64,
    pub(crate) config: Value,
    pub(crate) login: Login,
}

/// How to log in over a socket that the broker hands over.
#[derive(Serialize, Deserialize)]
pub(crate) struct Login {
    pub(crate) endpoint: Endpoint,
    pub(crate) password: Option<String>,
    pub(crate) limit: Duration,
    pub(crate) driver: Driver,
    /// What the load's sessions call themselves, so that they can be told from all others.
    pub(crate) application_name: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { endpoint, password: _, limit: _, driver: _, application_name: _ } = self;
        write!(f, "Login({endpoint})")
    }
}

/// One band to drive.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct BandOrder {
    pub(crate) band: u32,
    pub(crate) workers: u32,
    pub(crate) connections: u32,
    /// The most executors; a band uses no more than it has connections.
    pub(crate) cores: u32,
    pub(crate) warmup: Duration,
    pub(crate) measure: Duration,
    /// Length of the intervals that are told.
    pub(crate) interval: Duration,
    /// Absent for a closed loop.
    pub(crate) arrivals: Option<Arrivals>,
    pub(crate) drain_limit: Duration,
    pub(crate) seed: u64,
    pub(crate) deadline: Duration,
    /// Longest time in which a connection must be had.
    pub(crate) connect_budget: Duration,
    pub(crate) max_tries: u32,
    /// Relative weight per operation, by the order of the description.
    pub(crate) mix: Vec<f64>,
}

/// What the load process says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "notice", rename_all = "kebab-case")]
pub(crate) enum Notice {
    /// This plugin is about to be mapped: what happens next is its doing.
    Mapping { plugin: String },
    /// The plugins are loaded, in load order.
    Loaded { lockdown: Lockdown, plugins: Vec<Mapped> },
    /// The workloads were tried out.
    Examined { examination: Box<Examination> },
    /// The operations were tried.
    Tried { trial: Box<Trial> },
    /// Something that belongs into the journal.
    Event { event: Box<RunEvent> },
    /// A job that is not a band goes on, and its plugin gives the thread back now and then.
    Alive,
    /// The order was carried out.
    Done,
    /// It was not; nothing of it is left over.
    Failed { failure: Failure, fault: Fault },
}

/// A plugin that was loaded.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Mapped {
    /// What it says of itself.
    pub(crate) description: Description,
    /// How long it took to map it, check its layouts and hear its description.
    pub(crate) seconds: f64,
}

/// What a plugin did when it was tried out without a target.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Examination {
    /// One call through the interface and back: the description, asked for again.
    pub(crate) round_trip_seconds: f64,
    pub(crate) workloads: Vec<TriedWorkload>,
    /// The most memory that the process ever had resident; absent where the system does not say.
    pub(crate) peak_rss_bytes: Option<u64>,
}

/// A workload of which an instance and a worker were made.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TriedWorkload {
    pub(crate) name: String,
    /// From the creation of the instance to its end.
    pub(crate) seconds: f64,
    /// Why there is no instance without a configuration; absent where there is one.
    pub(crate) needs_configuration: Option<String>,
}

/// Whose fault a failure is: it decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Fault {
    /// The plugin was refused before its code counted.
    PluginRefused,
    /// A verified plugin misbehaved.
    Plugin,
    /// The target was unavailable.
    Target,
    /// The configuration.
    Usage,
    /// The local machine.
    Local,
}
