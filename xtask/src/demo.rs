//! `cargo xtask demo`: from a clone to a verdict.

use std::process::ExitCode;

use anyhow::Result;

use crate::{
    bundles, program,
    stormdb::Stormdb,
    workspace::{Profile, Workspace},
};

pub(crate) fn run(workspace: &Workspace) -> Result<ExitCode> {
    workspace.build_product(Profile::Release)?;
    let stormdb = Stormdb::built(workspace, Profile::Release);
    let installed = program::watch(&mut stormdb.command(["pg", "install"]))?;
    if !installed.success() {
        return Ok(program::exit_code(installed));
    }
    let bundles = bundles::sign_all(workspace, &stormdb, Profile::Release, "demo")?;
    let mut run =
        stormdb.command(["run", "--config", "examples/demo.yaml", "--embedded", "--setup"]);
    run.arg("--plugins").arg(&bundles.folder).arg("--trust-store").arg(&bundles.trust_store);
    Ok(program::exit_code(program::watch(&mut run)?))
}
