//! What a run is asked to do: validated, with defaults applied and units converted.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use stormdb_analysis::assess::economy::Cost;

use super::duration::seconds;
use crate::secret::Secret;
use crate::threshold::Threshold;

/// The resolved configuration. Its serialised form goes into the run record and holds no password.
#[derive(Clone, Debug, Serialize)]
pub struct RunConfig {
    pub target: TargetConfig,
    pub workload: WorkloadConfig,
    pub load: LoadConfig,
    /// Times that every band is run.
    pub repeats: u32,
    pub plugins: PluginsConfig,
    pub export: ExportConfig,
    /// `None`: the run draws one and records it.
    pub seed: Option<u64>,
    /// Times that an operation is repeated after a serialization failure or a deadlock.
    pub retries: u32,
    /// The most threads that generate load; `None`: as many as the machine has cores.
    pub executors: Option<u32>,
    pub driver: Driver,
    /// Longest time one call of an operation may take before it is cancelled.
    #[serde(rename = "operation_deadline_seconds", with = "seconds")]
    pub operation_deadline: Duration,
    /// What the run must keep for a good exit code; held against its record.
    pub thresholds: Vec<Threshold>,
    pub evidence: EvidenceConfig,
    /// Whether curves are fitted and queues expected beside the bands.
    pub analysis: bool,
    /// `None`: what a load costs is not known.
    pub cost: Option<Cost>,
}

/// What is kept of the server beside each band.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct EvidenceConfig {
    /// Whether the server is watched at all.
    pub server: bool,
    /// Whether its statements are kept too, where it counts them.
    pub statements: bool,
}

/// The PostgreSQL under test.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum TargetConfig {
    /// A private server that is started for the run.
    Embedded,
    Server(ServerConfig),
}

/// A server to connect to.
#[derive(Clone, Debug, Serialize)]
pub struct ServerConfig {
    /// Host name, address, or the directory of a Unix socket (then it begins with `/`).
    pub host: String,
    pub port: u16,
    pub dbname: String,
    pub username: String,
    pub password: PasswordSource,
    pub sslmode: SslMode,
    pub sslrootcert: Option<PathBuf>,
}

/// Where the password comes from. It is read by [`ServerConfig::read_password`], and by nothing
/// else.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "source", rename_all = "kebab-case")]
pub enum PasswordSource {
    /// None was given: the server may not ask for one.
    Absent,
    /// The configuration or a variable holds it.
    Given {
        #[serde(skip)]
        secret: Secret,
    },
    /// A file whose first line is the password.
    File { path: PathBuf },
    /// A file in the format of libpq's password file. One that was named by the configuration must
    /// exist.
    Passfile { path: PathBuf, required: bool },
}

/// How TLS is used, with libpq's names and meanings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SslMode {
    Disable,
    Allow,
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

/// What speaks to PostgreSQL for the operations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Driver {
    #[default]
    Wire,
    TokioPostgres,
}

/// What is run against the target.
#[derive(Clone, Debug, Serialize)]
pub struct WorkloadConfig {
    /// As the user wrote it; which plugin offers it is not known here.
    pub name: String,
    /// In the workload's own unit; `None`: the workload's default.
    pub scale: Option<u64>,
    /// The plugin's own keys.
    pub settings: Map<String, Value>,
    /// Weights by operation name in place of the workload's own; empty: the workload's own.
    pub mix: BTreeMap<String, f64>,
}

/// How much load, and for how long.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum LoadConfig {
    Single(SingleConfig),
    Progressive(LadderConfig),
}

/// One band.
#[derive(Clone, Debug, Serialize)]
pub struct SingleConfig {
    pub workers: u32,
    pub connections: u32,
    /// `None`: a closed loop.
    pub arrivals: Option<Arrivals>,
    #[serde(rename = "measure_seconds", with = "seconds")]
    pub measure: Duration,
}

/// A ladder of bands.
#[derive(Clone, Debug, Serialize)]
pub struct LadderConfig {
    /// A name in [`stormdb_analysis::strategy::STRATEGIES`]; that of the first bands of an adaptive
    /// ladder.
    pub strategy: String,
    pub pairing: PairingConfig,
    pub min_workers: u32,
    /// `None`: the server's free connections, known when the run is planned.
    pub max_workers: Option<u32>,
    pub min_connections: u32,
    /// `None`: the server's free connections, known when the run is planned.
    pub max_connections: Option<u32>,
    /// `None`: a closed loop.
    pub arrivals: Option<LadderArrivals>,
    #[serde(rename = "warmup_seconds", with = "seconds")]
    pub warmup: Duration,
    /// With `stop`, the longest time.
    #[serde(rename = "measure_seconds", with = "seconds")]
    pub measure: Duration,
    #[serde(rename = "cooldown_seconds", with = "seconds")]
    pub cooldown: Duration,
    /// `None`: every band takes the whole of its time.
    pub stop: Option<StopRule>,
    /// Whether the recommended band and its best rival are run once more.
    pub confirm: bool,
}

/// When a band ends before its time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StopRule {
    /// Half the confidence interval of the throughput, as a share of the throughput.
    pub precision: f64,
    /// The least measured time.
    #[serde(rename = "min_seconds", with = "seconds")]
    pub min: Duration,
}

/// Operations that arrive whatever becomes of those before: an open loop.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arrivals {
    /// Operations per second of the whole band, 0.001 to 1,000,000.
    pub rate: f64,
    pub process: ArrivalProcess,
}

/// How arrivals are spaced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ArrivalProcess {
    #[default]
    Poisson,
    Constant,
}

/// The arrivals of a ladder: `min_rate` below `max_rate` is a ladder of rates, on which workers and
/// connections stay the same; where both are the same it is the rate of every band.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct LadderArrivals {
    pub min_rate: f64,
    pub max_rate: f64,
    pub process: ArrivalProcess,
}

/// How worker counts meet connection counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum PairingConfig {
    /// As many values on both axes, paired by index.
    Paired { bands: u32 },
    /// Each band chosen by those before it, `bands` at most; connections follow workers.
    Adaptive { bands: u32 },
    /// Every worker count with every connection count. A step is absent on an axis that does not
    /// vary.
    Grid { step_workers: Option<u32>, step_connections: Option<u32> },
}

/// Where plugins are found and whom they are trusted from; what is absent is the caller's default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PluginsConfig {
    pub paths: Vec<PathBuf>,
    pub trust_store: Option<PathBuf>,
    pub policy: Option<PathBuf>,
    pub lock: Option<PathBuf>,
    pub locked: bool,
    pub sandbox: Sandbox,
}

/// What to do where the kernel enforces less than the whole lock-down of the load process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Sandbox {
    /// Go on and say so.
    #[default]
    BestEffort,
    /// Load no plugin.
    Required,
}

/// The files that a run writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ExportConfig {
    pub csv: bool,
    pub json: bool,
    pub path: PathBuf,
}
