//! `cargo xtask test`: what the tests need, then all of them.

use std::{
    process::{Command, ExitCode, ExitStatus, Stdio},
    time::Instant,
};

use anyhow::Result;
use clap::Args;

use crate::{
    attacks::{self, AttacksArgs},
    bundles::{self, Bundles},
    program,
    stormdb::Stormdb,
    workspace::{Profile, Workspace},
};

#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// Passed on to `cargo nextest run`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "NEXTEST ARGUMENTS")]
    nextest: Vec<String>,
}

/// The variables are listed in CONTRIBUTING.md, section "What the tests are given".
pub(crate) fn run(workspace: &Workspace, arguments: &TestArgs) -> Result<ExitCode> {
    install_nextest(workspace)?;
    let began = Instant::now();
    program::run(&mut workspace.cargo(&["build", "--locked", "--workspace"]))?;
    let stormdb = Stormdb::built(workspace, Profile::Dev);
    // Without the bundle, a PostgreSQL of this system is used where there is one.
    program::watch(&mut stormdb.command(["pg", "install"]))?;
    let programs = match stormdb.pg_status() {
        Ok(status) => Some(status.programs),
        Err(error) => {
            anstream::eprintln!("no PostgreSQL for the tests: {error:#}");
            None
        }
    };
    let Bundles { folder, trust_store } =
        bundles::sign_all(workspace, &stormdb, Profile::Dev, "test")?;

    let nextest = |first: &[&str]| -> Command {
        let mut command = workspace.cargo(&["nextest", "run", "--workspace", "--locked"]);
        command.args(first).args(&arguments.nextest);
        command
            .env("STORMDB_TEST_BIN", stormdb.path())
            .env("STORMDB_TEST_PLUGINS", workspace.root.join(&folder))
            .env("STORMDB_TEST_TRUST", workspace.root.join(&trust_store));
        if let Some(programs) = &programs {
            command.env("STORMDB_PG_BIN", programs);
        }
        command
    };
    program::run(&mut nextest(&["--no-run"]))?;
    let built = began.elapsed();

    let began = Instant::now();
    let documented =
        program::watch(&mut workspace.cargo(&["test", "--doc", "--workspace", "--locked"]))?;
    let tested = program::watch(&mut nextest(&[]))?;
    // Chosen tests are run by themselves.
    let attacked = if arguments.nextest.is_empty() {
        program::watch(&mut attacks::command(workspace, &AttacksArgs::default()))?
    } else {
        ExitStatus::default()
    };
    let run = began.elapsed();
    anstream::eprintln!("build {:.0} s, run {:.0} s", built.as_secs_f64(), run.as_secs_f64());
    let ended = [documented, tested, attacked];
    let worst = ended.into_iter().find(|status| !status.success()).unwrap_or_default();
    Ok(program::exit_code(worst))
}

fn install_nextest(workspace: &Workspace) -> Result<()> {
    let mut version = workspace.cargo(&["nextest", "--version"]);
    if version.stdout(Stdio::null()).stderr(Stdio::null()).status()?.success() {
        return Ok(());
    }
    program::run(&mut workspace.cargo(&["install", "--locked", "cargo-nextest"]))
}
