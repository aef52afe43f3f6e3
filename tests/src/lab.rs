//! A place of its own for each test: data folder, results, plugins, and the command under test.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;
use tempfile::TempDir;

/// What `cargo xtask test` prepared, and a private folder.
#[derive(Debug)]
pub struct Lab {
    folder: TempDir,
}

/// A variable that `cargo xtask test` sets.
fn prepared(name: &str) -> PathBuf {
    #[expect(clippy::disallowed_methods, reason = "the one door from the task runner to the tests")]
    let value = std::env::var(name);
    let value = value.unwrap_or_else(|_unset| panic!("{name} is not set: run `cargo xtask test`"));
    PathBuf::from(value)
}

/// The built `stormdb`.
pub fn binary() -> PathBuf {
    prepared("STORMDB_TEST_BIN")
}

/// Folder of the signed bundles of every plugin in this repository.
pub fn plugins() -> PathBuf {
    prepared("STORMDB_TEST_PLUGINS")
}

/// The trust store that lists their author.
pub fn trust_store() -> PathBuf {
    prepared("STORMDB_TEST_TRUST")
}

impl Lab {
    /// An empty place that every user of the machine may enter.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("stormdb-lab-").tempdir_in("/var/tmp");
        let folder = folder.expect("a folder in /var/tmp");
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path(), open).expect("permissions of an own folder");
        Self { folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Where exported files go.
    pub fn results(&self) -> PathBuf {
        self.folder.path().join("results")
    }

    /// Where records of runs are kept.
    pub fn runs(&self) -> PathBuf {
        self.folder.path().join("data").join("stormdb").join("runs")
    }

    /// `stormdb` with a data folder of its own and nothing of the caller's environment that decides
    /// what runs.
    pub fn stormdb(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.env_clear();
        for kept in ["PATH", "TMPDIR", "STORMDB_PG_BIN"] {
            if let Some(value) = std::env::var_os(kept) {
                command.env(kept, value);
            }
        }
        command
            .env("HOME", self.path())
            .env("XDG_DATA_HOME", self.path().join("data"))
            .env("XDG_CONFIG_HOME", self.path().join("config"))
            .env("CI", "true")
            .current_dir(self.path())
            .args(arguments);
        command
    }

    /// The same with the prepared plugins and their trust store, and a lock file of its own: the
    /// one beside the store would be everyone's.
    pub fn stormdb_with_plugins(&self, arguments: &[&str]) -> Command {
        let mut command = self.stormdb(arguments);
        command.arg("--plugins").arg(plugins()).arg("--trust-store").arg(trust_store());
        command.args(["--lock", "stormdb.lock"]);
        command
    }
}

impl Default for Lab {
    fn default() -> Self {
        Self::new()
    }
}

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Ended {
    let Output { status, stdout, stderr } = command.output().expect("the built binary starts");
    Ended {
        code: status.code(),
        stdout: String::from_utf8_lossy(&stdout).into_owned(),
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
    }
}

impl Ended {
    /// The standard output as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error} in {}\n{}", self.stdout, self.stderr))
    }

    /// Asserts exit code and error id: `error[ID]` on stderr.
    #[track_caller]
    pub fn refused(&self, code: i32, id: &str) {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stdout, self.stderr);
        assert!(
            self.stderr.contains(&format!("error[{id}]")),
            "no error[{id}] in\n{}",
            self.stderr
        );
    }
}
