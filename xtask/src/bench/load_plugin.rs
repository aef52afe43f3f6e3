//! `cargo xtask bench load-plugin`: what it costs to verify and load a plugin, beside hashing its file.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context as _, Result, ensure};
use tempfile::TempDir;

use super::{
    footprint::{milliseconds, typical, verdict},
    page::{self, Section},
    product::Product,
    provenance,
    statistics::{GeometricMean, median},
};
use crate::{
    program,
    workspace::{PluginCrate, Profile, Workspace},
};

/// The plugin whose library is made larger.
const PLUGIN: &str = "stormdb-pgbench";
/// A part of all its names that is replaced by text of the same length, so that many plugins come of one.
const PART: &str = "pgbench";
const AUTHOR: &str = "bench";
const LARGE: usize = 50_000_000;
const SMALL: usize = 5_000_000;
const MANY: usize = 20;
const ROUNDS: usize = 20;

/// A folder with an author key, the store that trusts it, and bundles.
struct Place {
    folder: TempDir,
}

pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    let product = Product::release(workspace)?;
    let place = Place::new(&product)?;
    let plugin = workspace.plugins.iter().find(|plugin| plugin.name == PLUGIN);
    let plugin = plugin.with_context(|| format!("no {PLUGIN} in the workspace"))?;

    let large = place.pack(
        workspace,
        &product,
        plugin,
        Copied { folder: "large", part: PART, size: LARGE },
    )?;
    let (mut hashing, mut loading) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        hashing.push(milliseconds(Command::new("sha256sum").arg(&large))?);
        loading.push(milliseconds(&mut place.health(&product, "large"))?);
    }
    let logs = hashing.iter().zip(&loading).map(|(hash, load)| (load / hash).ln()).collect();
    let ratio = GeometricMean::of_logs(&[logs]).context("nothing was measured")?;
    let (low, high) = ratio.interval.context("one round is no interval")?;
    let [hash, load] = [hashing, loading].map(|times| median(times).unwrap_or_default());

    for index in 0..MANY {
        let part = &format!("pgben{index:02}");
        place.pack(workspace, &product, plugin, Copied { folder: "many", part, size: SMALL })?;
    }
    let many = typical(5, || milliseconds(&mut place.health(&product, "many")))?;

    let body = format!(
        "`stormdb plugin health`: start, verify, map in the throw-away process, map in the load process, make an \
         instance of the workload, end. `sha256sum` reads and hashes the same library. {ROUNDS} pairs, in turns.\n\n\
         | what | median | goal | |\n|---|---:|---:|---|\n\
         | `sha256sum` of a library of 50 MB | {hash:.0} ms | | |\n\
         | `stormdb plugin health` of its plugin | {load:.0} ms | | |\n\
         | ratio | {:.2} ({low:.2} to {high:.2}) | ≤ 1.5 | {} |\n\
         | `stormdb plugin health` of {MANY} plugins of 5 MB | {many:.0} ms | ≤ 1000 ms | {} |\n",
        ratio.ratio,
        verdict(ratio.ratio <= 1.5),
        verdict(many <= 1_000.0),
    );
    anstream::println!("{body}");
    let versions = product.versions()?;
    let foot = provenance::lines(&versions.each_ref().map(String::as_str))?;
    page::write(workspace, Section::LoadPlugin, &format!("{body}\n{foot}"))?;
    Ok(ExitCode::SUCCESS)
}

impl Place {
    fn new(product: &Product) -> Result<Self> {
        let place = Self { folder: tempfile::tempdir().context("cannot make a temporary folder")? };
        let mut keygen = place.command(product, &["plugin", "keygen", "--out"]);
        program::read(keygen.arg(place.path("key")))?;
        let mut trust = place.command(product, &["trust", "add", AUTHOR]);
        trust.arg(place.path("key.pub")).arg("--trust-store").arg(place.path("allowed_signers"));
        program::read(&mut trust)?;
        Ok(place)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A command with homes of its own.
    fn command(&self, product: &Product, arguments: &[&str]) -> Command {
        let mut command = product.stormdb.command(arguments);
        command.env("XDG_DATA_HOME", self.path("data")).env("XDG_CONFIG_HOME", self.path("config"));
        command
    }

    /// Packs and signs the library of `plugin` as `copied` says; returns the packed library's path.
    fn pack(
        &self,
        workspace: &Workspace,
        product: &Product,
        plugin: &PluginCrate,
        copied: Copied<'_>,
    ) -> Result<PathBuf> {
        let Copied { folder, part, size } = copied;
        ensure!(part.len() == PART.len(), "{part} has not the length of {PART}");
        let library = workspace.output(Profile::Release).join(&plugin.library);
        let library =
            fs::read(&library).with_context(|| format!("cannot read {}", library.display()))?;
        ensure!(library.len() < size, "{PLUGIN} has {} bytes by itself", library.len());
        let mut bytes = renamed(library, part);
        bytes.resize_with(size, filler());
        let source = self.path(&plugin.library.replace(PART, part));
        fs::write(&source, bytes).with_context(|| format!("cannot write {}", source.display()))?;
        let mut pack = self.command(product, &["plugin", "pack", "--version", &plugin.version]);
        pack.args(["--name", &PLUGIN.replace(PART, part), "--author", AUTHOR, "--library"]);
        pack.arg(&source);
        for workload in &plugin.declared.workloads {
            pack.args(["--workload", &workload.replace(PART, part)]);
        }
        pack.arg("--key").arg(self.path("key")).arg("--out").arg(self.path(folder));
        let bundle = program::read(&mut pack)?;
        let file = source.file_name().context("the library has a name")?;
        Ok(Path::new(bundle.trim()).join(file))
    }

    fn health(&self, product: &Product, plugins: &str) -> Command {
        let mut command = self.command(product, &["plugin", "health", "--plugins"]);
        command.arg(self.path(plugins)).arg("--trust-store").arg(self.path("allowed_signers"));
        command
    }
}

/// A copy of the plugin: its folder, what stands for [`PART`], and how many bytes its library is filled up to.
#[derive(Clone, Copy)]
struct Copied<'a> {
    folder: &'a str,
    part: &'a str,
    size: usize,
}

fn renamed(mut bytes: Vec<u8>, part: &str) -> Vec<u8> {
    let mut at = 0;
    while let Some(rest) = bytes.get_mut(at..) {
        let found = rest.windows(PART.len()).position(|window| window == PART.as_bytes());
        let Some(place) = found.and_then(|found| rest.get_mut(found..found + PART.len())) else {
            break;
        };
        place.copy_from_slice(part.as_bytes());
        at += found.unwrap_or_default() + PART.len();
    }
    bytes
}

/// Bytes behind the end of the library, each another: nothing is saved on them.
fn filler() -> impl FnMut() -> u8 {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()[7]
    }
}
