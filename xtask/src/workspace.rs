//! The cargo workspace: where it is, what it builds, and the plugins among its members.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};
use cargo_metadata::{CrateType, Metadata, MetadataCommand, Package};
use serde::Deserialize;

use crate::program;

/// What `cargo metadata` says, as far as the tasks need it.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    target: PathBuf,
    pub(crate) plugins: Vec<PluginCrate>,
}

/// A member that becomes a plugin bundle.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PluginCrate {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) description: String,
    /// The library's file name.
    pub(crate) library: String,
    pub(crate) declared: Declared,
}

/// `[package.metadata.stormdb]` of a plugin's manifest: what a bundle says and cargo does not know.
#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Declared {
    pub(crate) workloads: Vec<String>,
    /// Versions of other plugins, by name.
    #[serde(default)]
    pub(crate) dependencies: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    Dev,
    Release,
}

impl Workspace {
    pub(crate) fn read() -> Result<Self> {
        let metadata =
            MetadataCommand::new().no_deps().other_options(["--locked".to_owned()]).exec()?;
        let plugins =
            metadata.workspace_packages().into_iter().filter_map(plugin).collect::<Result<_>>()?;
        let Metadata { workspace_root, target_directory, .. } = metadata;
        Ok(Self { root: workspace_root.into(), target: target_directory.into(), plugins })
    }

    /// `cargo`, in the root of the workspace.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("cargo");
        // What `cargo xtask` says of this package would have build scripts of others run again.
        for (name, _) in std::env::vars_os() {
            let said_of = ["CARGO_PKG_", "CARGO_MANIFEST_"];
            if said_of.iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
                command.env_remove(name);
            }
        }
        command.current_dir(&self.root).args(arguments);
        command
    }

    /// Builds the host and the plugins and shows cargo's output.
    pub(crate) fn build_product(&self, profile: Profile) -> Result<()> {
        program::run(&mut self.build_command(profile))
    }

    /// What builds them.
    pub(crate) fn build_command(&self, profile: Profile) -> Command {
        let mut command = self.cargo(&["build", "--locked", "--package", "stormdb"]);
        if profile == Profile::Release {
            command.arg("--release");
        }
        for plugin in &self.plugins {
            command.args(["--package", &plugin.name]);
        }
        command
    }

    /// The folder of cargo's output, beneath the root as a relative path.
    pub(crate) fn target(&self) -> &Path {
        self.target.strip_prefix(&self.root).unwrap_or(&self.target)
    }

    /// The folder of built programs and libraries.
    pub(crate) fn output(&self, profile: Profile) -> PathBuf {
        self.target().join(match profile {
            Profile::Dev => "debug",
            Profile::Release => "release",
        })
    }
}

/// The plugin that `package` is; nothing for a package that is none.
fn plugin(package: &Package) -> Option<Result<PluginCrate>> {
    let declared = package.metadata.get("stormdb")?;
    let library =
        package.targets.iter().find(|target| target.crate_types.contains(&CrateType::CDyLib));
    let read = || -> Result<PluginCrate> {
        let library = library.context("no library of type cdylib")?;
        Ok(PluginCrate {
            name: package.name.to_string(),
            version: package.version.to_string(),
            description: package.description.clone().unwrap_or_default(),
            library: format!("lib{}.so", library.name.replace('-', "_")),
            declared: Declared::deserialize(declared).context("[package.metadata.stormdb]")?,
        })
    };
    Some(read().with_context(|| package.manifest_path.to_string()))
}
