//! The configuration exactly as a user may type it, in either documented style.
//!
//! The JSON Schema that editors read and that every layer is checked against is derived from these
//! types, so the ranges stand here once. Variants carry no doc comments: with them the schema would
//! lose its plain list of names.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;
use serde_json::{Map, Value};
use stormdb_analysis::strategy::STRATEGIES;

use super::duration::DurationText;
use super::percentage::Percentage;
use super::run_config::{ArrivalProcess, Driver, Sandbox, SslMode};
use crate::secret::Secret;

/// A StormDB run. Every key is optional except `workload`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawConfig {
    /// The PostgreSQL server to load; without it a private server is started for the run.
    pub database: Option<RawDatabase>,
    /// The workload's name, as a plugin declares it.
    #[schemars(extend("examples" = ["imdb"]))]
    pub workload: Option<RawWorkload>,
    /// Size of the workload's data, in the unit that the workload documents (default 1).
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub scale: Option<u64>,
    /// The workload's own keys, checked against the schema that its plugin declares.
    pub workload_config: Option<RawWorkloadConfig>,
    /// Workers of a run without `progressive` (default: as many as `connections`, else 8).
    #[schemars(range(min = 1, max = 100_000))]
    pub workers: Option<u32>,
    /// Connections of a run without `progressive` (default: as many as `workers`).
    #[schemars(range(min = 1, max = 100_000))]
    pub connections: Option<u32>,
    /// Measured time of a run without `progressive` (default 60s).
    pub duration: Option<DurationText>,
    /// Operations per second that arrive in every band, whatever becomes of those before: an open
    /// loop. Without it, each worker begins its next operation when its last one has ended.
    #[schemars(range(min = 0.001, max = 1_000_000))]
    pub arrival_rate: Option<f64>,
    /// How the arrivals of an open loop are spaced (default poisson): at random, as those of many
    /// independent users are, or at equal distances.
    pub arrivals: Option<ArrivalProcess>,
    /// Times that every band is run, up and down the ladder in turns (default 1).
    #[schemars(range(min = 1, max = 100))]
    pub repeats: Option<u32>,
    /// A ladder of bands instead of a single one.
    pub progressive: Option<RawProgressive>,
    /// Where plugins are found and whom they are trusted from.
    pub plugins: Option<RawPlugins>,
    /// Seed of every random choice; without it each run draws its own and records it.
    pub seed: Option<u64>,
    /// Times that an operation is repeated after a serialization failure or a deadlock (default 3).
    #[schemars(range(min = 0, max = 1000))]
    pub retries: Option<u32>,
    /// Threads that generate load (default: as many as the machine has cores). A band uses no more
    /// than it has workers and connections.
    #[schemars(range(min = 1, max = 1024))]
    pub executors: Option<u32>,
    /// What speaks to PostgreSQL for the operations (default wire); `tokio-postgres` is the
    /// reference to compare it with.
    pub driver: Option<Driver>,
    /// Longest time one call of an operation may take before it is cancelled (default 30s).
    pub operation_deadline: Option<DurationText>,
    /// Whether the server is watched while bands are measured (default true): what its backends wait
    /// for, and what its counters gain.
    pub collect_pg_stats: Option<bool>,
    /// Whether the statements of each band are kept as well (default true), where the database has
    /// the extension pg_stat_statements.
    pub pg_stats_statements: Option<bool>,
    /// Has no effect in this version.
    pub summary_interval: Option<DurationText>,
    /// Has no effect in this version.
    pub data_loading: Option<Value>,
    /// Demands on the figures of the run, such as `p95 < 80ms`, `tps > 2400` or `errors < 1% at 16 workers`: exit code 8
    /// where one is missed.
    #[schemars(extend("examples" = [["p95 < 80ms", "errors < 1%"]]))]
    pub thresholds: Option<Vec<String>>,
    /// What a load costs, so that the report can say what each band gives for it.
    pub cost: Option<RawCost>,
    /// Has no effect in this version.
    pub results_backend: Option<Value>,
}

/// The server to connect to. What is missing is taken from the `PG*` variables, then from the
/// defaults.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawDatabase {
    /// Host name, address, or the directory of a Unix socket (default localhost).
    pub host: Option<String>,
    /// Port (default 5432).
    #[schemars(range(min = 1, max = 65_535))]
    pub port: Option<u16>,
    /// Database (default: the user's name).
    pub dbname: Option<String>,
    /// User (default postgres).
    pub username: Option<String>,
    /// Password in clear; better `password_file`, `passfile` or the variable PGPASSWORD.
    pub password: Option<Secret>,
    /// A file whose first line is the password.
    pub password_file: Option<PathBuf>,
    /// A password file in libpq's format (default ~/.pgpass).
    pub passfile: Option<PathBuf>,
    /// How TLS is used, with libpq's names (default prefer).
    pub sslmode: Option<SslMode>,
    /// Certificate authorities for verify-ca and verify-full, as a PEM file.
    pub sslrootcert: Option<PathBuf>,
}

/// A workload's name, alone or as `type` of a group.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum RawWorkload {
    Name(String),
    Group(RawWorkloadGroup),
}

/// The nested form; its keys mean the same as those of the same name outside.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawWorkloadGroup {
    /// The workload's name.
    #[serde(rename = "type")]
    pub name: String,
    /// As `scale`.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub scale: Option<u64>,
    /// As `workload_config`.
    pub config: Option<RawWorkloadConfig>,
}

/// The plugin's own keys, and the one that StormDB reserves.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub struct RawWorkloadConfig {
    /// Weight per operation name, in place of the workload's own; operations left out get weight 0.
    pub mix: Option<BTreeMap<String, f64>>,
    #[serde(flatten)]
    pub settings: Map<String, Value>,
}

/// The ladder of bands, with the keys of v0.2 and of the first style.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawProgressive {
    /// Whether the ladder is climbed (default true when this section describes one).
    pub enabled: Option<bool>,
    /// How workers and connections grow (default linear); `grid` is linear with `pairing: grid`, and
    /// `adaptive` chooses each band by those before it.
    pub strategy: Option<StrategyName>,
    /// Workers and connections in pairs, or every combination of both (default paired).
    pub pairing: Option<RawPairing>,
    /// Workers of the first band (default 1).
    #[schemars(range(min = 1, max = 100_000))]
    pub min_workers: Option<u32>,
    /// Workers of the last band (default: the server's free connections).
    #[schemars(range(min = 1, max = 100_000))]
    pub max_workers: Option<u32>,
    /// Connections of the first band (default 1).
    #[schemars(range(min = 1, max = 100_000))]
    pub min_connections: Option<u32>,
    /// Connections of the last band (default: the server's free connections).
    #[schemars(range(min = 1, max = 100_000))]
    pub max_connections: Option<u32>,
    /// As `arrival_rate` at the top level.
    #[schemars(range(min = 0.001, max = 1_000_000))]
    pub arrival_rate: Option<f64>,
    /// Arrivals per second of the first band of a ladder of rates; workers and connections are the
    /// same in every band then.
    #[schemars(range(min = 0.001, max = 1_000_000))]
    pub min_arrival_rate: Option<f64>,
    /// Arrivals per second of the last band of a ladder of rates.
    #[schemars(range(min = 0.001, max = 1_000_000))]
    pub max_arrival_rate: Option<f64>,
    /// As `arrivals` at the top level.
    pub arrivals: Option<ArrivalProcess>,
    /// Number of bands (default 5); of an adaptive ladder the most that are chosen (default 8).
    #[schemars(range(min = 3, max = 25))]
    pub bands: Option<u32>,
    /// Distance of neighbouring worker counts of a grid.
    #[schemars(range(min = 1, max = 100_000))]
    pub step_workers: Option<u32>,
    /// Distance of neighbouring connection counts of a grid.
    #[schemars(range(min = 1, max = 100_000))]
    pub step_connections: Option<u32>,
    /// Measured time of each band (default 30m); with `stop`, the most.
    pub test_duration: Option<DurationText>,
    /// Load before each measurement (default 60s).
    pub warmup_duration: Option<DurationText>,
    /// Rest after each band (default 30s).
    pub cooldown_duration: Option<DurationText>,
    /// When a band ends before its time: once its throughput is known precisely enough.
    pub stop: Option<RawStop>,
    /// Whether the recommended band and its best rival are run once more (default false).
    pub confirm: Option<bool>,
    /// The files that are written.
    pub export: Option<RawExport>,
    /// Whether curves are fitted and queues expected beside the bands (default true); regions and the
    /// best band are found either way.
    pub analysis: Option<bool>,
    /// Has no effect in this version.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub max_latency_samples: Option<u64>,
    /// Has no effect in this version.
    #[schemars(range(min = 1, max = 1_000_000_000))]
    pub memory_limit_mb: Option<u64>,
    /// First style of `test_duration`.
    pub band_duration: Option<DurationText>,
    /// First style of `warmup_duration`.
    pub warmup_time: Option<DurationText>,
    /// First style of `cooldown_duration`.
    pub cooldown_time: Option<DurationText>,
    /// First style of `export.csv` and `export.json`.
    pub export_format: Option<RawExportFormat>,
    /// v0.2 spelling of `export.csv`.
    pub export_csv: Option<bool>,
    /// v0.2 spelling of `export.json`.
    pub export_json: Option<bool>,
    /// Spelling of `export.path` in both styles.
    pub export_path: Option<PathBuf>,
    /// v0.2 spelling of `analysis`.
    pub enable_analysis: Option<bool>,
}

/// What a load costs, in any currency.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawCost {
    /// Of an hour, whatever the load (default 0).
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub per_hour: Option<f64>,
    /// Of an hour of one connection (default 0).
    #[schemars(range(min = 0, max = 1_000_000_000))]
    pub per_connection: Option<f64>,
}

/// When a band ends before its time.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawStop {
    /// Half the confidence interval of the throughput, as a share of the throughput, at which a band
    /// ends (default 2%).
    pub precision: Option<Percentage>,
    /// The least measured time of a band (default 60s).
    pub min: Option<DurationText>,
    /// The most measured time of a band (default: `test_duration` if that is given, else 10m).
    pub max: Option<DurationText>,
}

/// The files that a run writes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawExport {
    /// Write the bands as CSV (default true).
    pub csv: Option<bool>,
    /// Write the results as JSON (default true).
    pub json: Option<bool>,
    /// Has no effect in this version.
    pub html: Option<bool>,
    /// The folder for the files (default: the current one).
    pub path: Option<PathBuf>,
}

/// Where plugins are found and whom they are trusted from.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawPlugins {
    /// Folders that hold plugin bundles, searched in this order.
    pub paths: Option<Vec<PathBuf>>,
    /// The `allowed_signers` file (default: `allowed_signers` in the configuration folder of stormdb).
    pub trust_store: Option<PathBuf>,
    /// The trust policy (default: `trust-policy.toml` beside the trust store, if there is one).
    pub policy: Option<PathBuf>,
    /// The lock file (default: `stormdb.lock` beside the trust store).
    pub lock: Option<PathBuf>,
    /// Run only what the lock file lists, byte for byte, and add nothing to it (default: false).
    pub locked: Option<bool>,
    /// What to do where the kernel enforces less than the whole lock-down of the load process: go on and say so, or
    /// refuse to load plugins (default: `best-effort`).
    pub sandbox: Option<Sandbox>,
}

/// How the counts grow from band to band: the name of a strategy of stormdb-analysis, or
/// [`StrategyName::GRID`].
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct StrategyName(pub String);

impl StrategyName {
    /// Not a spacing of its own: linear steps, every worker count with every connection count.
    pub const GRID: &str = "grid";
    /// Not a spacing: each band is chosen by those before it.
    pub const ADAPTIVE: &str = "adaptive";
}

impl JsonSchema for StrategyName {
    fn schema_name() -> Cow<'static, str> {
        "Strategy".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = STRATEGIES
            .iter()
            .map(|strategy| strategy.name)
            .chain([Self::GRID, Self::ADAPTIVE])
            .collect();
        json_schema!({ "type": "string", "enum": names })
    }
}

/// How worker counts meet connection counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RawPairing {
    Paired,
    Grid,
}

/// The first style's choice of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum RawExportFormat {
    Csv,
    Json,
    Both,
}
