//! What cargo and a plugin's Cargo.toml say of its crate.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use serde::Deserialize;

use crate::failure::CommandError;

/// The crate that every plugin links.
const API_CRATE: &str = "stormdb-plugin-api";

/// The crate of a plugin.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) folder: PathBuf,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) description: String,
    pub(crate) declared: Declared,
    /// File name of the library.
    pub(crate) library: String,
    /// Where cargo puts what it builds.
    pub(crate) target: PathBuf,
    /// The folder of Cargo.lock.
    pub(crate) workspace: PathBuf,
}

/// `[package.metadata.stormdb]`: what a bundle says and cargo does not know.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Declared {
    /// As in the trust store.
    pub(crate) author: Option<String>,
    /// The versions of the interface that it runs with, where it asks for less than it is built with.
    pub(crate) api: Option<String>,
    /// Every name that may stand in `workload:`.
    pub(crate) workloads: Vec<String>,
    /// Versions of other plugins, by name.
    #[serde(default)]
    pub(crate) dependencies: BTreeMap<String, String>,
}

/// `cargo metadata`, as far as it matters.
#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Described>,
    target_directory: PathBuf,
    workspace_root: PathBuf,
}

#[derive(Deserialize)]
struct Described {
    name: String,
    version: String,
    description: Option<String>,
    manifest_path: PathBuf,
    metadata: Option<serde_json::Value>,
    targets: Vec<Target>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    crate_types: Vec<String>,
}

impl Package {
    /// Asks cargo for the crate in `folder`; nothing is built or fetched.
    pub(crate) fn read(folder: &Path) -> Result<Self, CommandError> {
        let folder = folder
            .canonicalize()
            .map_err(|source| CommandError::named_file("find the crate", folder, &source))?;
        let manifest = folder.join("Cargo.toml");
        if !manifest.is_file() {
            return Err(CommandError::usage(
                "package-not-a-plugin",
                format!(
                    "there is no Cargo.toml in {}; run this in the folder of the plugin's crate, or describe \
                 a built library with --library, --name, --version and --author",
                    folder.display()
                ),
            ));
        }
        let mut cargo = Command::new("cargo");
        cargo.args(["metadata", "--format-version", "1", "--no-deps"]).current_dir(&folder);
        let Metadata { packages, target_directory, workspace_root } =
            serde_json::from_slice(&output(&mut cargo)?).map_err(|error| {
                CommandError::usage("cargo-failed", format!("cargo's answer is odd: {error}"))
            })?;
        let described = packages.into_iter().find(|package| package.manifest_path == manifest);
        let Some(described) = described else {
            let manifest = manifest.display();
            let message =
                format!("{manifest} is no package; name the folder of the plugin's crate");
            return Err(CommandError::usage("package-not-a-plugin", message));
        };
        Self::of(described, folder, target_directory, workspace_root)
    }

    fn of(
        described: Described,
        folder: PathBuf,
        target: PathBuf,
        workspace: PathBuf,
    ) -> Result<Self, CommandError> {
        let Described { name, version, description, manifest_path, metadata, targets } = described;
        let refuse = |reason: String| {
            let path = manifest_path.display();
            Err(CommandError::usage("package-not-a-plugin", format!("{path} {reason}")))
        };
        let is_plugin = |target: &&Target| target.crate_types.iter().any(|kind| kind == "cdylib");
        let Some(library) = targets.iter().find(is_plugin) else {
            return refuse(
                "builds no plugin; add `crate-type = [\"cdylib\"]` to its [lib]".to_owned(),
            );
        };
        let declared = metadata.as_ref().and_then(|metadata| metadata.get("stormdb"));
        let Some(declared) = declared else {
            return refuse(
                "says nothing of the bundle; add [package.metadata.stormdb] with `author`, `workloads` \
                 and `dependencies`"
                    .to_owned(),
            );
        };
        let declared = match Declared::deserialize(declared) {
            Ok(declared) => declared,
            Err(error) => {
                return refuse(format!(
                    "has a wrong [package.metadata.stormdb]: {error}; correct it"
                ));
            }
        };
        let library = format!("lib{}.so", library.name.replace('-', "_"));
        let description = description.unwrap_or_default();
        Ok(Self { folder, name, version, description, declared, library, target, workspace })
    }

    /// The versions of the interface that the plugin runs with: what it declares, or from the one on
    /// that it is built with.
    pub(crate) fn api(&self) -> Result<String, CommandError> {
        if let Some(declared) = &self.declared.api {
            return Ok(declared.clone());
        }
        let lock = self.workspace.join("Cargo.lock");
        let text = std::fs::read_to_string(&lock)
            .map_err(|source| CommandError::named_file("read", &lock, &source))?;
        locked_version(&text, API_CRATE).ok_or_else(|| {
            let lock = lock.display();
            let message =
                format!("{lock} names no {API_CRATE}; add it to the crate's dependencies");
            CommandError::usage("package-not-a-plugin", message)
        })
    }

    /// What `cargo build --release` made.
    pub(crate) fn built(&self) -> Result<PathBuf, CommandError> {
        let library = self.target.join("release").join(&self.library);
        let found = if !library.is_file() {
            "is not there".to_owned()
        } else if let Some(newer) = newer_source(&library) {
            format!("is older than {}", newer.display())
        } else {
            return Ok(library);
        };
        let message = format!(
            "{} {found}; run `cargo build --release` in {} first, or name the library with --library",
            library.display(),
            self.folder.display()
        );
        Err(CommandError::usage("library-not-built", message))
    }
}

/// A source that was changed after the library was built of it, by the list that cargo leaves beside the
/// library.
fn newer_source(library: &Path) -> Option<PathBuf> {
    let changed = |path: &Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
    let built = changed(library)?;
    let list = std::fs::read_to_string(library.with_extension("d")).ok()?;
    let (_, sources) = list.lines().next()?.split_once(": ")?;
    // Blanks within a path are escaped.
    let sources = sources.replace("\\ ", "\0");
    sources
        .split(' ')
        .map(|path| PathBuf::from(path.replace('\0', " ")))
        .find(|path| changed(path).is_some_and(|changed| changed > built))
}

/// The version of a package in a Cargo.lock, whose form cargo alone writes.
fn locked_version(lock: &str, package: &str) -> Option<String> {
    let name = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name).skip(1);
    let version = lines.next()?.strip_prefix("version = \"")?.strip_suffix('"')?;
    Some(version.to_owned())
}

/// Runs cargo to its end; what it says on stderr becomes the error.
pub(crate) fn output(cargo: &mut Command) -> Result<Vec<u8>, CommandError> {
    let output = cargo.output().map_err(|source| {
        let message = format!("cannot start cargo: {source}; install Rust, see https://rustup.rs");
        CommandError::usage("cargo-failed", message)
    })?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let arguments: Vec<_> = cargo.get_args().map(|word| word.to_string_lossy()).collect();
    let message = format!(
        "`cargo {}` failed; correct what it says:\n{}",
        arguments.join(" "),
        said.trim_end()
    );
    Err(CommandError::usage("cargo-failed", message))
}

#[cfg(test)]
mod tests {
    use super::locked_version;

    #[test]
    fn the_lock_says_which_interface_a_plugin_is_built_with() {
        let lock = "[[package]]\nname = \"a\"\nversion = \"2.0.0\"\n\n[[package]]\nname = \"b\"\n\
                    version = \"1.0.3\"\ndependencies = [\n \"a\",\n]\n";
        assert_eq!(locked_version(lock, "b").as_deref(), Some("1.0.3"));
        assert_eq!(locked_version(lock, "c"), None);
    }
}
