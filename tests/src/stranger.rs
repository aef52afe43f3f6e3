//! Someone who builds a plugin outside of the repository: a folder of their own, the built
//! `stormdb`, and cargo with the packages that it has already.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::lab::{Ended, Lab, binary, run};

/// The stranger, in the lab's folder.
#[derive(Debug)]
pub struct Stranger<'a> {
    lab: &'a Lab,
}

/// The root of the workspace.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace")
}

/// The crate of the interface in this checkout.
pub fn api_path() -> PathBuf {
    root().join("plugin-api")
}

impl<'a> Stranger<'a> {
    pub fn new(lab: &'a Lab) -> Self {
        Self { lab }
    }

    /// `stormdb` in a folder of the lab, with the cargo of this machine in its environment.
    pub fn stormdb(&self, folder: &str, arguments: &[&str]) -> Command {
        let mut command = self.lab.stormdb(arguments);
        command.current_dir(self.lab.path().join(folder));
        Self::share(&mut command);
        command
    }

    /// The same, carried out; it must succeed.
    pub fn done(&self, folder: &str, arguments: &[&str]) -> Ended {
        let ended = run(&mut self.stormdb(folder, arguments));
        assert_eq!(ended.code, Some(0), "{arguments:?}: {}", ended.stderr);
        ended
    }

    /// `cargo` in a folder of the lab, carried out.
    pub fn cargo(&self, folder: &str, arguments: &[&str]) -> Ended {
        let mut command = Command::new("cargo");
        let (task, rest) = arguments.split_first().expect("a task");
        command.arg(task).arg("--offline").args(rest).current_dir(self.lab.path().join(folder));
        for (name, _) in std::env::vars_os() {
            // What cargo says of the tests' own package is not for the stranger's.
            if name.to_string_lossy().starts_with("CARGO_") || name == "RUSTFLAGS" {
                command.env_remove(name);
            }
        }
        Self::share(&mut command);
        run(&mut command)
    }

    /// The same; it must succeed.
    pub fn built(&self, folder: &str, arguments: &[&str]) {
        let ended = self.cargo(folder, arguments);
        assert_eq!(ended.code, Some(0), "cargo {arguments:?}: {}", ended.stderr);
    }

    /// Makes cargo choose the versions of this workspace for the crate in `folder`, which are the ones
    /// that this machine has. False where cargo cannot build it without a network, and says why.
    #[expect(clippy::print_stderr, reason = "a skipped test says why")]
    pub fn pin(&self, folder: &str) -> bool {
        let lock = self.lab.path().join(folder).join("Cargo.lock");
        fs::copy(root().join("Cargo.lock"), lock).expect("a copy of Cargo.lock");
        let ended = self.cargo(folder, &["metadata", "--format-version", "1"]);
        if ended.code != Some(0) {
            eprintln!(
                "skipped: cargo cannot resolve the crate without a network: {}",
                ended.stderr
            );
        }
        ended.code == Some(0)
    }

    /// Everything that strangers build goes to one folder of cargo's output, so that the packages of
    /// others are built once.
    fn share(command: &mut Command) {
        for name in ["CARGO_HOME", "RUSTUP_HOME"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            } else if let Some(home) = std::env::home_dir() {
                command.env(name, home.join(format!(".{}", name[..name.len() - 5].to_lowercase())));
            }
        }
        let output = binary().with_file_name("strangers");
        command.env("CARGO_TARGET_DIR", output).env("CARGO_INCREMENTAL", "0");
    }
}
