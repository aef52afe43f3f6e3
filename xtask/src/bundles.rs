//! The workspace's plugins, packed and signed by an author made for the purpose.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result};

use crate::{
    place, program,
    stormdb::Stormdb,
    workspace::{PluginCrate, Profile, Workspace},
};

/// Signed bundles and the store that trusts their author. Paths are relative to the workspace's root
/// where they lie beneath it.
#[derive(Debug)]
pub(crate) struct Bundles {
    pub(crate) folder: PathBuf,
    pub(crate) trust_store: PathBuf,
}

/// Packs and signs every plugin of the build in the folder `name` of cargo's output. The author's key
/// is made once.
pub(crate) fn sign_all(
    workspace: &Workspace,
    stormdb: &Stormdb,
    profile: Profile,
    name: &str,
) -> Result<Bundles> {
    sign(workspace, stormdb, profile, name, &workspace.plugins)
}

/// The same with these plugins.
pub(crate) fn sign(
    workspace: &Workspace,
    stormdb: &Stormdb,
    profile: Profile,
    name: &str,
    plugins: &[PluginCrate],
) -> Result<Bundles> {
    let place = place::private(workspace, name)?;
    let key = place.join("author-key");
    let public_key = place.join("author-key.pub");
    let folder = place.join("plugins");
    let trust_store = place.join("allowed_signers");
    let author = format!("stormdb-{name}");

    if !workspace.root.join(&key).is_file() {
        let mut keygen = stormdb.command(["plugin", "keygen", "--comment", &author, "--out"]);
        program::run(keygen.arg(&key))?;
    }
    // An old bundle would stand beside a new version; an old store would trust an old key; an old lock file would refuse
    // what was built again.
    let old = workspace.root.join(&folder);
    unless_missing(fs::remove_dir_all(&old))
        .with_context(|| format!("cannot empty {}", old.display()))?;
    for old in [&trust_store, &place.join("stormdb.lock")] {
        let old = workspace.root.join(old);
        unless_missing(fs::remove_file(&old))
            .with_context(|| format!("cannot remove {}", old.display()))?;
    }

    pack(workspace, stormdb, profile, plugins, &Signing { author: &author, key: &key }, &folder)?;
    let mut trust = stormdb.command(["trust", "add", &author]);
    program::run(trust.arg(&public_key).arg("--trust-store").arg(&trust_store))?;
    Ok(Bundles { folder, trust_store })
}

/// Who signs, and with which key.
struct Signing<'a> {
    author: &'a str,
    key: &'a Path,
}

/// Packs every plugin of the build into `folder`, signed with `key` as `author`.
pub(crate) fn pack_all(
    workspace: &Workspace,
    stormdb: &Stormdb,
    profile: Profile,
    author: &str,
    key: &Path,
    folder: &Path,
) -> Result<()> {
    pack(workspace, stormdb, profile, &workspace.plugins, &Signing { author, key }, folder)
}

fn pack(
    workspace: &Workspace,
    stormdb: &Stormdb,
    profile: Profile,
    plugins: &[PluginCrate],
    &Signing { author, key }: &Signing<'_>,
    folder: &Path,
) -> Result<()> {
    let libraries = workspace.output(profile);
    for plugin in plugins {
        let PluginCrate { name, version, description, library, declared } = plugin;
        let mut pack = stormdb.command(["plugin", "pack", "--name", name, "--version", version]);
        pack.args(["--author", author, "--description", description]);
        for workload in &declared.workloads {
            pack.args(["--workload", workload]);
        }
        for (dependency, versions) in &declared.dependencies {
            pack.arg("--needs").arg(format!("{dependency}={versions}"));
        }
        pack.arg("--library").arg(libraries.join(library));
        pack.arg("--out").arg(folder).arg("--key").arg(key);
        run_quietly(&mut pack)?;
    }
    Ok(())
}

/// Shows the command line; its output only when it fails.
fn run_quietly(command: &mut Command) -> Result<()> {
    program::show(command);
    program::read(command).map(drop)
}

fn unless_missing(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}
