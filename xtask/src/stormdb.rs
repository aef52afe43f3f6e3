//! The built `stormdb`, driven through its command line as a user would.

use std::{ffi::OsStr, path::PathBuf, process::Command};

use anyhow::{Context as _, Result};
use serde::Deserialize;

use crate::program;
use crate::workspace::{Profile, Workspace};

/// The program of one build.
#[derive(Debug)]
pub(crate) struct Stormdb {
    program: PathBuf,
    root: PathBuf,
}

/// What `stormdb pg status --json` says, as far as the tasks need it.
#[derive(Debug, Deserialize)]
pub(crate) struct PgStatus {
    /// The folder of PostgreSQL's programs.
    pub(crate) programs: PathBuf,
    /// Of the programs, such as `18.4`.
    pub(crate) version: String,
}

impl Stormdb {
    /// The program that [`Workspace::build_product`] built.
    pub(crate) fn built(workspace: &Workspace, profile: Profile) -> Self {
        let program = workspace.output(profile).join("stormdb");
        Self { program, root: workspace.root.clone() }
    }

    /// A command line of it, run in the root of the workspace.
    pub(crate) fn command<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
    ) -> Command {
        let mut command = Command::new(&self.program);
        // Cargo sets it for this task, and stormdb refuses to map plugins with it.
        command.env_remove("LD_LIBRARY_PATH").current_dir(&self.root).args(arguments);
        command
    }

    /// The program's absolute path.
    pub(crate) fn path(&self) -> PathBuf {
        self.root.join(&self.program)
    }

    /// The embedded server, and the programs it is made of.
    pub(crate) fn pg_status(&self) -> Result<PgStatus> {
        let status = program::read(&mut self.command(["pg", "status", "--json"]))?;
        serde_json::from_str(&status).context("the output of stormdb pg status --json")
    }
}
