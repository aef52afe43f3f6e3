//! The built `stormdb`, driven through its command line as a user would.

use std::{ffi::OsStr, path::PathBuf, process::Command};

use crate::workspace::{Profile, Workspace};

/// The program of one build.
#[derive(Debug)]
pub(crate) struct Stormdb {
    program: PathBuf,
    root: PathBuf,
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
        command.current_dir(&self.root).args(arguments);
        command
    }

    /// The program's absolute path.
    pub(crate) fn path(&self) -> PathBuf {
        self.root.join(&self.program)
    }
}
