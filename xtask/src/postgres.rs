//! `cargo xtask postgres`: the PostgreSQL bundle, for development.

use std::process::ExitCode;

use anyhow::Result;

use crate::{
    program,
    stormdb::Stormdb,
    workspace::{Profile, Workspace},
};

pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    program::run(&mut workspace.cargo(&["build", "--locked", "--package", "stormdb"]))?;
    let stormdb = Stormdb::built(workspace, Profile::Dev);
    Ok(program::exit_code(program::watch(&mut stormdb.command(["pg", "install"]))?))
}
