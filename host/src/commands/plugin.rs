//! `stormdb plugin`: vet, sign and pack workload plugins. Their code runs in the
//! sandbox alone: for `describe`, `health`, `check` and load times.

mod author;
mod check;
mod deps;
mod describe;
mod health;
mod inspect;
mod install;
mod list;
mod load_times;
mod new;
mod pack;
mod package;
mod remove;
mod reproducible;
mod update;
mod verify;

use std::path::Path;

use stormdb_registry::{bundle::Candidate, catalog::Catalog, manifest::Manifest, verify::Verified};
use stormdb_run::exit::Exit;

use crate::{
    cli::{GlobalArgs, PluginCommand},
    failure::CommandError,
    vetting::Vetting,
};

pub(crate) fn execute(command: &PluginCommand, global: &GlobalArgs) -> Result<Exit, CommandError> {
    match command {
        PluginCommand::List(arguments) => list::execute(arguments),
        PluginCommand::Inspect { plugin, plugins, json } => {
            inspect::execute(plugin, plugins, *json)
        }
        PluginCommand::Verify(arguments) => verify::execute(arguments),
        PluginCommand::Deps(arguments) => deps::execute(arguments),
        PluginCommand::Describe(arguments) => describe::execute(arguments),
        PluginCommand::Install { bundles, plugins } => install::execute(bundles, plugins),
        PluginCommand::Update { names, all: _, plugins } => update::execute(names, plugins),
        PluginCommand::Remove { plugin, plugins, force } => {
            remove::execute(plugin, plugins, *force)
        }
        PluginCommand::Check(arguments) => check::execute(arguments, global),
        PluginCommand::Health(arguments) => health::execute(arguments, global),
        PluginCommand::New(arguments) => new::execute(arguments),
        PluginCommand::Keygen(arguments) => author::keygen(arguments),
        PluginCommand::Sign(arguments) => author::sign_bundle(arguments),
        PluginCommand::Pack(arguments) => pack::execute(arguments),
    }
}

/// A bundle's folder is named by a path; everything else is the name of a plugin.
fn is_bundle_path(plugin: &str) -> bool {
    plugin.contains('/') || Path::new(plugin).join("plugin.toml").exists()
}

/// The newest usable version of `name`, or why there is none.
fn usable<'a>(name: &str, catalog: &'a Catalog) -> Result<&'a Verified, CommandError> {
    let plan = catalog.plan_plugin(name)?;
    let found = plan.order().iter().rev().find(|plugin| plugin.manifest().name == name).copied();
    found.ok_or_else(|| CommandError::usage("plugin-missing", format!("no plugin `{name}`")))
}

fn verify_folder(path: &Path, vetting: &Vetting) -> Result<Verified, CommandError> {
    let candidate = Candidate::open(&crate::places::absolute(path)?)?;
    Ok(stormdb_registry::verify::verify(&candidate, &vetting.authority, &vetting.policy)?)
}

/// Name → versions, with the author where one is asked for.
fn needs_json(manifest: &Manifest) -> serde_json::Map<String, serde_json::Value> {
    let listed = manifest.dependencies.iter();
    listed.map(|(name, wanted)| (name.clone(), wanted.to_string().into())).collect()
}

/// `name ^1, other ^2` or `-`.
fn dependencies(manifest: &Manifest) -> String {
    let listed: Vec<String> =
        manifest.dependencies.iter().map(|(name, versions)| format!("{name} {versions}")).collect();
    if listed.is_empty() { "-".to_owned() } else { listed.join(", ") }
}
