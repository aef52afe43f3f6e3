//! Running PostgreSQL's own programs on the private cluster, as its own user.

use std::{
    fs::{self, File},
    io::{Read, Seek, SeekFrom, Write},
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use sha2::{Digest, Sha256};
use stormdb_run::secret::Secret;
use tracing::debug;

use super::{
    Cluster, DATABASE, USER, endpoint, postmaster,
    settings::{ClusterSettings, Configuration, Setting},
};
use crate::{
    TargetError,
    endpoint::{Endpoint, socket_path},
};

/// The longest path that a Unix socket can have on Linux, without the closing NUL.
const LONGEST_SOCKET_PATH: usize = 107;
/// How long the server may take to start or to stop.
const PATIENCE_SECONDS: &str = "60";
/// How much of the log is shown when the server does not start.
const SHOWN_LOG_BYTES: u64 = 2_000;

impl Cluster {
    pub(super) fn start_server(
        &self,
        settings: &ClusterSettings,
    ) -> Result<(Endpoint, Vec<Setting>), TargetError> {
        self.check_access()?;
        let socket_directory = self.socket_directory(settings.port())?;
        let log = self.log_file();
        if let Some(parent) = log.parent() {
            self.create_private_directory(parent)?;
        }
        let listed = settings.listed(&self.binaries, &socket_directory);
        let configuration = Configuration::write(&self.directory, &listed, settings)?;
        let data = self.data_directory();
        if !data.exists() {
            self.initialize(&data, &configuration)?;
        }
        if let Some(access) = &settings.tcp {
            self.set_password(&data, &configuration, &access.password)?;
        }
        postmaster::remove_stale(&data, &socket_path(&socket_directory, settings.port()))?;
        remove_if_there(&log)?;
        remove_if_there(&self.kept_mark())?;
        let mut command = self.command("pg_ctl");
        command.args(["start", "-s", "-w", "-t", PATIENCE_SECONDS, "-D"]).arg(&data);
        command.arg("-l").arg(&log).arg("-o").arg(configuration.server_options());
        let started = self.run("pg_ctl", &mut command, "");
        if started.is_err() {
            debug!(?started, "the server did not start");
            let tail = read_tail(&log);
            // Past its patience pg_ctl leaves a server behind that may still come up.
            if let Err(error) = self.stop_server() {
                debug!(%error, "nothing to stop");
            }
            return Err(TargetError::StartFailed { log, tail });
        }
        Ok((endpoint(socket_directory, settings.port()), listed))
    }

    pub(super) fn stop_server(&self) -> Result<(), TargetError> {
        let mut command = self.command("pg_ctl");
        command.args(["stop", "-s", "-w", "-m", "fast", "-t", PATIENCE_SECONDS, "-D"]);
        command.arg(self.data_directory());
        self.run("pg_ctl", &mut command, "")?;
        remove_if_there(&self.kept_mark())
    }

    /// Makes the data directory and the database for runs, beside the final name until whole.
    fn initialize(&self, data: &Path, configuration: &Configuration) -> Result<(), TargetError> {
        let unfinished = data.with_extension("new");
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).map_err(TargetError::file("remove", &unfinished))?;
        }
        self.create_private_directory(&unfinished)?;
        let mut command = self.command("initdb");
        command.args(["-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "-U", USER]);
        command.arg("-D").arg(&unfinished);
        self.run("initdb", &mut command, "")?;
        let sql = format!("CREATE DATABASE {DATABASE};\n");
        self.run_single_user(&unfinished, configuration, &sql)?;
        fs::rename(&unfinished, data).map_err(TargetError::file("create", data))
    }

    /// Only the verifier of the password reaches the server and its files.
    fn set_password(
        &self,
        data: &Path,
        configuration: &Configuration,
        password: &Secret,
    ) -> Result<(), TargetError> {
        let verifier = postgres_protocol::password::scram_sha_256(
            password.expose_for_authentication().as_bytes(),
        );
        let sql = format!("ALTER ROLE {USER} PASSWORD '{verifier}';\n");
        self.run_single_user(data, configuration, &sql)
    }

    fn run_single_user(
        &self,
        data: &Path,
        configuration: &Configuration,
        sql: &str,
    ) -> Result<(), TargetError> {
        let mut command = self.command("postgres");
        command.args(["--single", "-c", "exit_on_error=true", "-c"]);
        command.arg(format!("config_file={}", configuration.settings.display()));
        command.arg("-D").arg(data).arg(USER);
        self.run("postgres", &mut command, sql)
    }

    fn check_access(&self) -> Result<(), TargetError> {
        let Some(account) = &self.account else { return Ok(()) };
        account.can_enter(&self.directory)?;
        account.can_enter(&self.binaries.bin_dir)
    }

    /// A command that runs as the server's user, deaf to the terminal and to `PG*` variables.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.binaries.bin_dir.join(program));
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C");
        command.current_dir(&self.directory).process_group(0);
        if let Some(account) = &self.account {
            account.take_over(&mut command);
        }
        command
    }

    /// Runs a program to its end, with `input` on its standard input.
    fn run(
        &self,
        program: &'static str,
        command: &mut Command,
        input: &str,
    ) -> Result<(), TargetError> {
        let failed = |source| TargetError::File {
            action: "run",
            path: self.binaries.bin_dir.join(program),
            source,
        };
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(failed)?;
        if let Some(mut pipe) = child.stdin.take()
            && let Err(error) = pipe.write_all(input.as_bytes())
        {
            // A program that ended early says why in its own output.
            debug!(%error, program, "input not read");
        }
        let output = child.wait_with_output().map_err(failed)?;
        if output.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        let stderr = format!("{}: {}", output.status, said.trim());
        Err(TargetError::ProgramFailed { program, stderr })
    }

    /// Where the socket goes: beside the data, or under the system's temporary directory when that
    /// path is too long for a socket. Only the server's user can enter it, which is what allows
    /// the server to trust whoever connects.
    fn socket_directory(&self, port: u16) -> Result<PathBuf, TargetError> {
        let beside = self.directory.join("run");
        let directory = if fits(&beside, port) {
            beside
        } else {
            let digest = Sha256::digest(self.directory.as_os_str().as_encoded_bytes());
            let name: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
            std::env::temp_dir().join(format!("stormdb-{name}"))
        };
        if !fits(&directory, port) {
            return Err(TargetError::SocketPathTooLong { path: directory });
        }
        self.create_private_directory(&directory)?;
        Ok(directory)
    }

    /// Creates a directory that only the server's user can enter; one that is there already must
    /// be such a one.
    fn create_private_directory(&self, directory: &Path) -> Result<(), TargetError> {
        let failed =
            |source| TargetError::File { action: "create", path: directory.to_path_buf(), source };
        match fs::create_dir(directory) {
            Ok(()) => {
                fs::set_permissions(directory, fs::Permissions::from_mode(0o700))
                    .map_err(failed)?;
                match &self.account {
                    Some(account) => account.own(directory).map_err(failed),
                    None => Ok(()),
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                let status = fs::symlink_metadata(directory).map_err(failed)?;
                let owner = self
                    .account
                    .as_ref()
                    .map_or_else(|| rustix::process::geteuid().as_raw(), |account| account.uid);
                if status.is_dir() && status.uid() == owner && status.mode() & 0o077 == 0 {
                    return Ok(());
                }
                Err(failed(std::io::Error::other("it is there already and belongs to another")))
            }
            Err(error) => Err(failed(error)),
        }
    }
}

fn fits(directory: &Path, port: u16) -> bool {
    socket_path(directory, port).as_os_str().len() <= LONGEST_SOCKET_PATH
}

fn remove_if_there(path: &Path) -> Result<(), TargetError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(TargetError::File { action: "remove", path: path.to_path_buf(), source: error })
        }
        _ => Ok(()),
    }
}

fn read_tail(path: &Path) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(SHOWN_LOG_BYTES)))?;
        let mut tail = Vec::new();
        file.read_to_end(&mut tail)?;
        Ok(tail)
    };
    match read() {
        Ok(tail) => String::from_utf8_lossy(&tail).trim().to_owned(),
        Err(error) => format!("(no log: {error})"),
    }
}
