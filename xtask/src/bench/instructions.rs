//! Instructions per operation on a script of a server, counted by callgrind and compared with the
//! budget in the repository: steady where seconds are noise.

mod budget;
mod callgrind;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode, Stdio},
};

use anyhow::{Context as _, Result, bail};
use cargo_metadata::Message;
use clap::Args;
use rustix::process::geteuid;

use self::{
    budget::{Budget, Cost},
    callgrind::Profile,
};
use crate::{program, workspace::Workspace};

/// Counts that the repository keeps.
const BUDGET: &str = "tests/benches/operations/budget.toml";
/// As the program under count knows them.
const OPERATIONS: [&str; 4] = ["select-only", "tpcb", "select-pipeline", "tpcb-pipeline"];
/// How often each is executed more in the second of two profiles than in the first.
const COUNT: u32 = 100;
/// The function of the program in which callgrind counts.
const COUNTED: &str = "*counted_instructions*";

#[derive(Debug, Default, Args)]
pub(crate) struct InstructionsArgs {
    /// Write the counts into the budget instead of comparing them.
    #[arg(long)]
    accept: bool,
    /// Have each operation allocate once more, which must fail.
    #[arg(long, conflicts_with = "accept")]
    allocate: bool,
}

pub(crate) fn run(workspace: &Workspace, arguments: &InstructionsArgs) -> Result<ExitCode> {
    let Some(valgrind) = valgrind()? else {
        anstream::eprintln!(
            "skipped: there is no valgrind, and apt-get cannot install it; instructions per \
             operation were not compared with {BUDGET}"
        );
        return Ok(ExitCode::SUCCESS);
    };
    let counted = build(workspace)?;
    let mut found = BTreeMap::new();
    for operation in OPERATIONS {
        let profile = |times| profile(&valgrind, &counted, operation, times, arguments.allocate);
        let cost = Cost::of(&profile(COUNT)?, &profile(2 * COUNT)?, COUNT)
            .with_context(|| format!("callgrind counted nothing of {operation}"))?;
        found.insert(operation.to_owned(), cost);
    }
    let path = workspace.root.join(BUDGET);
    let found = Budget { rustc: rustc()?, operations: found };
    if arguments.accept {
        fs::write(&path, found.text()?)
            .with_context(|| format!("cannot write {}", path.display()))?;
        anstream::println!("{}written to {BUDGET}", found.totals());
        return Ok(ExitCode::SUCCESS);
    }
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {BUDGET}"))?;
    let budget = Budget::read(&text).with_context(|| BUDGET.to_owned())?;
    let exceeded = budget.exceeded_by(&found);
    anstream::println!("{}", found.totals().trim_end());
    if exceeded.is_empty() {
        anstream::println!("within {BUDGET}");
        return Ok(ExitCode::SUCCESS);
    }
    anstream::eprintln!("{}", exceeded.join("\n"));
    if budget.rustc != found.rustc {
        anstream::eprintln!(
            "the budget was counted with {}, this is {}",
            budget.rustc,
            found.rustc
        );
    }
    anstream::eprintln!(
        "make it cheaper, or say why it must cost more and run `cargo xtask bench instructions \
         --accept`"
    );
    Ok(ExitCode::FAILURE)
}

/// Runs the program under callgrind, one operation at a time.
fn profile(
    valgrind: &Path,
    counted: &Path,
    operation: &str,
    times: u32,
    allocate: bool,
) -> Result<Profile> {
    let folder = tempfile::tempdir().context("cannot make a temporary folder")?;
    let out = folder.path().join("callgrind.out");
    let mut command = Command::new(valgrind);
    command.args(["-q", "--tool=callgrind", "--collect-atstart=no"]);
    command.arg(format!("--toggle-collect={COUNTED}"));
    command.arg(format!("--callgrind-out-file={}", out.display()));
    command.arg(counted).args([operation, &times.to_string()]);
    command.args(allocate.then_some("--allocate"));
    program::read(&mut command)?;
    let text = fs::read_to_string(&out).context("callgrind wrote no profile")?;
    Profile::read(&text).context("callgrind's profile")
}

/// Builds the program and says where it is.
fn build(workspace: &Workspace) -> Result<PathBuf> {
    let mut command = workspace.cargo(&["build", "--release", "--locked"]);
    command.args(["--package", "stormdb-tests", "--bench", "operations"]);
    command.arg("--message-format=json-render-diagnostics").stderr(Stdio::inherit());
    program::show(&command);
    let output = command.output().context("cannot run cargo")?;
    if !output.status.success() {
        bail!("cargo ended with {}", output.status);
    }
    let messages = Message::parse_stream(output.stdout.as_slice());
    let built = messages.filter_map(|message| match message.ok()? {
        Message::CompilerArtifact(artifact) if artifact.target.name == "operations" => {
            artifact.executable
        }
        _ => None,
    });
    Ok(built.last().context("cargo built no operations")?.into())
}

/// valgrind, installed where it is missing and this user may install it.
fn valgrind() -> Result<Option<PathBuf>> {
    if let Some(found) = on_path("valgrind") {
        return Ok(Some(found));
    }
    if !geteuid().is_root() || on_path("apt-get").is_none() {
        return Ok(None);
    }
    let mut install = Command::new("apt-get");
    install.args(["install", "--yes", "--no-install-recommends", "valgrind"]);
    if !program::watch(install.env("DEBIAN_FRONTEND", "noninteractive"))?.success() {
        return Ok(None);
    }
    Ok(on_path("valgrind"))
}

fn on_path(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file())
}

fn rustc() -> Result<String> {
    Ok(program::read(Command::new("rustc").arg("--version"))?.trim().to_owned())
}
