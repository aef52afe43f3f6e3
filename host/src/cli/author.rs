//! What an author of plugins types.

use std::path::PathBuf;

use clap::Args;

use super::PluginArgs;

#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// Name of the plugin, its crate and its folder, such as `acme-orders`.
    pub(crate) name: String,
    /// Name of its workload, as it will stand in `workload:` of a configuration.
    #[arg(long, short, value_name = "NAME")]
    pub(crate) workload: String,
    /// Your name as an author, as operators will trust it; your login name where it is left out.
    #[arg(long, value_name = "NAME")]
    pub(crate) author: Option<String>,
    /// Build against this folder of stormdb-plugin-api in a checkout, not the published crate.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) api_path: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct KeygenArgs {
    /// File of the private key; the public key gets `.pub` appended. Your author key
    /// (`$XDG_CONFIG_HOME/stormdb/author-key`) where it is left out.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Written into the public key.
    #[arg(long, default_value = "stormdb plugin author")]
    pub(crate) comment: String,
}

#[derive(Debug, Args)]
pub(crate) struct SignArgs {
    /// Folder of the bundle.
    pub(crate) bundle: PathBuf,
    /// Private key in OpenSSH format, without a passphrase; your author key where it is left out.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct PackArgs {
    /// Folder of the plugin's crate; its Cargo.toml says what no flag says.
    #[arg(default_value = ".", value_name = "FOLDER")]
    pub(crate) package: PathBuf,
    /// The built library (`lib….so`); cargo's release build of the crate where it is left out.
    #[arg(long, value_name = "FILE")]
    pub(crate) library: Option<PathBuf>,
    #[arg(long)]
    pub(crate) name: Option<String>,
    #[arg(long)]
    pub(crate) version: Option<String>,
    /// As in the trust store.
    #[arg(long)]
    pub(crate) author: Option<String>,
    #[arg(long)]
    pub(crate) description: Option<String>,
    /// A name that the plugin offers as a workload; may be repeated.
    #[arg(long = "workload", value_name = "NAME")]
    pub(crate) workloads: Vec<String>,
    /// After this time it is no longer to be used, such as `2030-01-01T00:00:00Z`.
    #[arg(long, value_name = "TIME")]
    pub(crate) expires: Option<String>,
    /// A plugin that it needs, such as `stormdb-datagen=^1` or `stormdb-datagen@AUTHOR=^1`; may be repeated.
    #[arg(long = "needs", value_name = "NAME=VERSIONS")]
    pub(crate) dependencies: Vec<String>,
    /// Folder in which the bundle's folder is made.
    #[arg(long, short, value_name = "FOLDER", default_value = "bundles")]
    pub(crate) out: PathBuf,
    /// Sign it with your author key at once; the key is made where there is none yet.
    #[arg(long)]
    pub(crate) sign: bool,
    /// Sign it with this key at once.
    #[arg(long, value_name = "FILE", conflicts_with = "sign")]
    pub(crate) key: Option<PathBuf>,
    /// Build the crate twice in different folders, and pack it only where both give the same bytes.
    #[arg(long, conflicts_with = "library")]
    pub(crate) verify_reproducible: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Folder of a signed bundle; what it needs is looked for beside it and in the plugin folders.
    pub(crate) bundle: PathBuf,
    /// Size of the data, in each workload's own unit; its default, and at most 1,000, where it is
    /// left out.
    #[arg(long)]
    pub(crate) scale: Option<u64>,
    /// Seed of data and operations.
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,
    /// A key of the workload, such as `--set workload_config.hot=10`; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Folder of PostgreSQL's programs.
    #[arg(long, env = "STORMDB_PG_BIN", value_name = "FOLDER")]
    pub(crate) pg_bin: Option<PathBuf>,
    /// Write the report in Markdown to this file, too.
    #[arg(long, short, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Print the report as JSON.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) plugins: PluginArgs,
}
