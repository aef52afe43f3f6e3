//! `cargo xtask attacks`: the cases of the threat model, against the built program.

use std::{
    path::PathBuf,
    process::{Command, ExitCode},
};

use anyhow::Result;
use clap::Args;

use crate::{
    program,
    workspace::{Profile, Workspace},
};

#[derive(Debug, Default, Args)]
pub(crate) struct AttacksArgs {
    /// The whole sweep: every bit of a manifest and its signature, 10,000 bits of the library, 10,000 races.
    #[arg(long)]
    all: bool,
    /// Ids of cases, such as `A36,A45`; without it, all cases.
    #[arg(long, value_name = "IDS")]
    only: Option<String>,
    /// Write the outcome as JSON, too.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Builds the program, the fixture and the cases, and runs these.
pub(crate) fn run(workspace: &Workspace, arguments: &AttacksArgs) -> Result<ExitCode> {
    let packages =
        ["stormdb", "stormdb-canary", "stormdb-hostile", "stormdb-speechless", "stormdb-attacks"];
    let mut build = workspace.cargo(&["build", "--locked"]);
    for package in packages {
        build.args(["--package", package]);
    }
    program::run(&mut build)?;
    Ok(program::exit_code(program::watch(&mut command(workspace, arguments))?))
}

/// The command line for what is built.
pub(crate) fn command(workspace: &Workspace, arguments: &AttacksArgs) -> Command {
    let built = workspace.output(Profile::Dev);
    let mut command = Command::new(built.join("stormdb-attacks"));
    command.current_dir(&workspace.root).arg("run");
    command.arg("--program").arg(built.join("stormdb"));
    command.arg("--fixture").arg(built.join("libstormdb_canary.so"));
    let AttacksArgs { all, only, json } = arguments;
    if *all {
        command.arg("--all");
    }
    for (flag, value) in [("--only", only.as_ref().map(Into::into)), ("--json", json.clone())] {
        if let Some(value) = value {
            command.arg(flag).arg(value);
        }
    }
    command
}
