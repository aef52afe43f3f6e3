//! `cargo xtask release`: the program with the project's public key in it, and the plugins that this key signed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::{
    bundles, place, program,
    stormdb::Stormdb,
    workspace::{Profile, Workspace},
};

/// As whose the plugins of a release are signed.
const AUTHOR: &str = "stormdb";

#[derive(Debug, Args)]
pub(crate) struct ReleaseArgs {
    /// The project's private key (OpenSSH ed25519, no passphrase); its `.pub` lies beside it.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The first day on which the key is good, such as `20261101`.
    #[arg(long, value_name = "YYYYMMDD")]
    valid_after: String,
    /// The day from which it is no longer good.
    #[arg(long, value_name = "YYYYMMDD")]
    valid_before: String,
    /// Folder that is made for the release.
    #[arg(long, short, value_name = "FOLDER", default_value = "target/dist")]
    out: PathBuf,
}

pub(crate) fn run(workspace: &Workspace, arguments: &ReleaseArgs) -> Result<ExitCode> {
    let ReleaseArgs { key, valid_after, valid_before, out } = arguments;
    let key = &std::path::absolute(key).context("the current folder")?;
    let mut path = key.clone().into_os_string();
    path.push(".pub");
    let path = PathBuf::from(path);
    let public = fs::read_to_string(&path)
        .with_context(|| format!("cannot read the public key {}", path.display()))?;
    let mut words = public.split_whitespace();
    let (Some("ssh-ed25519"), Some(text)) = (words.next(), words.next()) else {
        bail!("{} is no OpenSSH ed25519 public key", path.display());
    };
    let limits = format!("valid-after=\"{valid_after}Z\",valid-before=\"{valid_before}Z\"");
    let line = format!("{AUTHOR} namespaces=\"stormdb-plugin-v1\",{limits} ssh-ed25519 {text}");
    let git = ["-C", &workspace.root.display().to_string(), "log", "-1", "--format=%ct"];
    let date = program::read(Command::new("git").args(git))?;

    let mut build = workspace.build_command(Profile::Release);
    build.env("STORMDB_RELEASE_KEY", &line).env("SOURCE_DATE_EPOCH", date.trim());
    program::run(&mut build)?;
    let stormdb = Stormdb::built(workspace, Profile::Release);

    let out = workspace.root.join(out);
    let plugins = out.join("plugins");
    fs::create_dir_all(&plugins).with_context(|| format!("cannot make {}", plugins.display()))?;
    bundles::pack_all(workspace, &stormdb, Profile::Release, AUTHOR, key, &plugins)?;
    for file in ["README.md", "CHANGELOG.md", "SECURITY.md", "LICENSE-APACHE", "LICENSE-MIT"] {
        copy(&workspace.root.join(file), &out.join(file))?;
    }
    copy(&stormdb.path(), &out.join("stormdb"))?;

    // As its user sees it: nobody is trusted but the key that is built in.
    let homes = place::private(workspace, "release-check")?;
    let homes = workspace.root.join(homes);
    let mut verify = Command::new(out.join("stormdb"));
    verify.args(["plugin", "verify", "--plugins"]).arg(&plugins);
    verify.env_remove("LD_LIBRARY_PATH");
    verify.env("XDG_DATA_HOME", homes.join("data")).env("XDG_CONFIG_HOME", homes.join("config"));
    program::run(&mut verify)?;
    anstream::println!("release in {}", out.display());
    Ok(ExitCode::SUCCESS)
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to)
        .map(drop)
        .with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))
}
