//! The private cluster: made, started and stopped for a newcomer who has no server.

mod postmaster;
mod programs;
pub mod settings;

use std::{
    fs::{File, TryLockError},
    io::{Read, Write},
    path::PathBuf,
};

use tracing::warn;

use crate::{
    TargetError,
    account::Account,
    binaries::Binaries,
    embedded::{
        postmaster::Postmaster,
        settings::{ClusterSettings, Setting},
    },
    endpoint::{Address, Endpoint, Tls, TlsMode},
    place::{PgHome, create_open_directory},
};

/// The superuser of the private cluster.
pub const USER: &str = "postgres";
/// The database made for runs.
pub const DATABASE: &str = "stormdb";

/// The private cluster of one major version. Making one of these touches nothing.
#[derive(Clone, Debug)]
pub struct Cluster {
    directory: PathBuf,
    binaries: Binaries,
    account: Option<Account>,
}

/// What the private cluster is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClusterStatus {
    /// There is no data directory yet.
    Absent,
    Stopped,
    Running {
        process_id: u32,
        endpoint: Endpoint,
        /// Whether it was started to stay, not for one run.
        is_kept: bool,
    },
}

/// A running cluster that nobody else uses; dropped, the server stops unless it was there before.
#[derive(Debug)]
pub struct RunningCluster {
    cluster: Cluster,
    endpoint: Endpoint,
    settings: Option<Vec<Setting>>,
    is_kept: bool,
    /// Held for as long as the cluster is in use.
    _lock: File,
}

impl Cluster {
    /// The cluster beneath `home` for the version of `binaries`.
    ///
    /// # Errors
    /// `pg-no-account` as root without a user to run the server.
    pub fn new(home: &PgHome, binaries: Binaries) -> Result<Self, TargetError> {
        let account = Account::for_server()?;
        Ok(Self { directory: home.cluster_directory(), binaries, account })
    }

    #[must_use]
    pub fn binaries(&self) -> &Binaries {
        &self.binaries
    }

    /// What the server runs as; `None` as this process's own user.
    #[must_use]
    pub fn account(&self) -> Option<&Account> {
        self.account.as_ref()
    }

    /// The directory of the data files.
    #[must_use]
    pub fn data_directory(&self) -> PathBuf {
        self.directory.join(format!("data-{}", self.binaries.major))
    }

    /// What the server says while it runs and why it did not start.
    #[must_use]
    pub fn log_file(&self) -> PathBuf {
        self.directory.join("log").join("server.log")
    }

    /// Looks at the files and processes; changes nothing.
    ///
    /// # Errors
    /// `pg-file` when the files cannot be read.
    pub fn status(&self) -> Result<ClusterStatus, TargetError> {
        let data = self.data_directory();
        if !data.exists() {
            return Ok(ClusterStatus::Absent);
        }
        let Some(Postmaster { process_id, port, socket_directory }) = postmaster::find(&data)?
        else {
            return Ok(ClusterStatus::Stopped);
        };
        let is_kept = self.kept_mark().exists();
        let endpoint = endpoint(socket_directory, port);
        Ok(ClusterStatus::Running { process_id, endpoint, is_kept })
    }

    /// Gets the cluster for one run: makes it if there is none, starts it if it does not run.
    ///
    /// A server that [`start`](Self::start) left running is used as it is and left running. One
    /// that a killed run left behind is restarted.
    ///
    /// # Errors
    /// `pg-cluster-busy` while another run has it; `pg-directory-closed`, `pg-program-failed`,
    /// `pg-start-failed`, `pg-socket-path-too-long`, `pg-file`.
    pub fn lease(&self, settings: &ClusterSettings) -> Result<RunningCluster, TargetError> {
        let lock = self.lock()?;
        let cluster = self.clone();
        let status = self.status()?;
        if let ClusterStatus::Running { endpoint, is_kept: true, .. } = status {
            let (settings, is_kept) = (None, true);
            return Ok(RunningCluster { cluster, endpoint, settings, is_kept, _lock: lock });
        }
        if matches!(status, ClusterStatus::Running { .. }) {
            self.stop_server()?;
        }
        let (endpoint, settings) = self.start_server(settings)?;
        let (settings, is_kept) = (Some(settings), false);
        Ok(RunningCluster { cluster, endpoint, settings, is_kept, _lock: lock })
    }

    /// Starts the server to stay; does nothing when it stays already.
    ///
    /// # Errors
    /// As [`lease`](Self::lease).
    pub fn start(&self, settings: &ClusterSettings) -> Result<Endpoint, TargetError> {
        let mut running = self.lease(settings)?;
        running.keep()?;
        Ok(running.endpoint.clone())
    }

    /// Stops the server; `false` when it did not run.
    ///
    /// # Errors
    /// `pg-cluster-busy` while a run uses it; `pg-program-failed`.
    pub fn stop(&self) -> Result<bool, TargetError> {
        if !self.directory.exists() {
            return Ok(false);
        }
        let _lock = self.lock()?;
        let was_running = matches!(self.status()?, ClusterStatus::Running { .. });
        if was_running {
            self.stop_server()?;
        }
        Ok(was_running)
    }

    fn kept_mark(&self) -> PathBuf {
        self.directory.join(format!("kept-{}", self.binaries.major))
    }

    /// Takes the cluster for this process; the file holds the holder's number for the message.
    fn lock(&self) -> Result<File, TargetError> {
        create_open_directory(&self.directory)?;
        let path = self.directory.join("lock");
        let mut options = File::options();
        options.create(true).truncate(false).read(true).write(true);
        let mut file = options.open(&path).map_err(TargetError::file("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder).map_err(TargetError::file("read", &path))?;
                let holder = holder.trim().to_owned();
                return Err(TargetError::ClusterBusy { path: self.directory.clone(), holder });
            }
            Err(TryLockError::Error(source)) => {
                return Err(TargetError::File { action: "lock", path, source });
            }
        }
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(TargetError::file("write", &path))?;
        Ok(file)
    }
}

impl RunningCluster {
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    #[must_use]
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// What the server was started with beyond PostgreSQL's defaults; `None` for a server that was
    /// running before, which only its own snapshot describes.
    #[must_use]
    pub fn settings(&self) -> Option<&[Setting]> {
        self.settings.as_deref()
    }

    /// Leaves the server running when this is dropped and until [`Cluster::stop`].
    ///
    /// # Errors
    /// `pg-file` when that cannot be written down.
    pub fn keep(&mut self) -> Result<(), TargetError> {
        let mark = self.cluster.kept_mark();
        File::create(&mark).map_err(TargetError::file("create", &mark))?;
        self.is_kept = true;
        Ok(())
    }

    /// Stops the server, which ends its sessions, and starts it again where it was.
    ///
    /// # Errors
    /// `pg-program-failed`, `pg-start-failed`.
    pub fn restart(&self, settings: &ClusterSettings) -> Result<(), TargetError> {
        self.cluster.stop_server()?;
        self.cluster.start_server(settings).map(drop)
    }

    /// Stops the server now, as dropping does, but says whether it worked.
    ///
    /// # Errors
    /// `pg-program-failed`.
    pub fn finish(mut self) -> Result<(), TargetError> {
        if self.is_kept {
            return Ok(());
        }
        self.is_kept = true;
        self.cluster.stop_server()
    }
}

impl Drop for RunningCluster {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        if let Err(error) = self.cluster.stop_server() {
            warn!(%error, "the embedded server could not be stopped");
        }
    }
}

fn endpoint(directory: PathBuf, port: u16) -> Endpoint {
    Endpoint {
        address: Address::Unix { directory, port },
        database: DATABASE.to_owned(),
        user: USER.to_owned(),
        tls: Tls { mode: TlsMode::Disable, roots: None },
    }
}
