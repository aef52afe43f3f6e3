//! A PostgreSQL of the measurements' own: settings that leave out the disk, on a Unix socket and on
//! TCP, gone with the value.

use std::{
    ffi::OsStr,
    fs,
    net::TcpListener,
    os::unix::{
        fs::{PermissionsExt as _, chown},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};
use rustix::process::geteuid;
use tempfile::TempDir;

use crate::program;

/// What the server is started with. Durability is off: the disk's noise would be the largest there is.
pub(crate) const SETTINGS: &[(&str, &str)] = &[
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
    ("autovacuum", "off"),
    ("jit", "off"),
    ("shared_buffers", "1GB"),
    ("max_connections", "200"),
    // Between two rounds only, by command.
    ("checkpoint_timeout", "1h"),
    ("max_wal_size", "8GB"),
];

/// The role and the database of the measurements. The role is no superuser: on TCP the server lets in
/// everybody on this machine who asks for it, without the cost of a password.
const ROLE: &str = "bench";

/// How a client reaches the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Transport {
    Unix,
    Tcp,
}

impl Transport {
    pub(crate) const ALL: [Self; 2] = [Self::Unix, Self::Tcp];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Unix => "unix",
            Self::Tcp => "tcp",
        }
    }
}

/// A running server; dropped, it stops and its files go.
#[derive(Debug)]
pub(crate) struct Cluster {
    programs: PathBuf,
    account: Option<Account>,
    port: u16,
    folder: TempDir,
    settings: Vec<Setting>,
    /// Variables of the server's environment.
    environment: Vec<Setting>,
}

/// A name and its value.
pub(crate) type Setting = (String, String);

/// The unprivileged user that runs the server for root, which PostgreSQL refuses to serve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Account {
    uid: u32,
    gid: u32,
}

impl Cluster {
    /// Makes and starts a server of these programs in a temporary folder.
    pub(crate) fn start(programs: &Path) -> Result<Self> {
        let settings = SETTINGS.iter().map(|&(name, value)| (name.to_owned(), value.to_owned()));
        Self::start_as(programs, settings.collect(), Vec::new())
    }

    /// The same with other settings, and variables of its environment.
    pub(crate) fn start_as(
        programs: &Path,
        settings: Vec<Setting>,
        environment: Vec<Setting>,
    ) -> Result<Self> {
        let cluster = Self::new(programs, settings, environment)?;
        let mut command = cluster.command("initdb");
        command.args(["-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]);
        command.args(["-U", "postgres", "-D"]).arg(cluster.data());
        program::read(&mut command)?;
        cluster.serve()?;
        let statements = [
            format!("CREATE ROLE {ROLE} LOGIN IN ROLE pg_checkpoint, pg_monitor"),
            format!("CREATE DATABASE {ROLE} OWNER {ROLE}"),
        ];
        cluster.administer(&statements.each_ref().map(String::as_str))?;
        Ok(cluster)
    }

    /// Makes and starts a standby that follows this server.
    pub(crate) fn standby(
        &self,
        settings: Vec<Setting>,
        environment: Vec<Setting>,
    ) -> Result<Self> {
        let standby = Self::new(&self.programs, settings, environment)?;
        let mut command = standby.command("pg_basebackup");
        command.args(["--checkpoint=fast", "--no-sync", "--write-recovery-conf", "-U", "postgres"]);
        command.arg("-h").arg(self.socket_folder()).args(["-p", &self.port.to_string()]);
        program::read(command.arg("-D").arg(standby.data()))?;
        standby.serve()?;
        Ok(standby)
    }

    /// Runs SQL as the superuser.
    pub(crate) fn administer(&self, statements: &[&str]) -> Result<()> {
        let mut psql = self.client(Transport::Unix, "psql", ["--no-psqlrc", "--quiet"]);
        psql.env("PGUSER", "postgres").env("PGDATABASE", "postgres");
        psql.args(statements.iter().map(|statement| format!("--command={statement}")));
        program::read(&mut psql).map(drop)
    }

    /// A place for a server.
    fn new(programs: &Path, settings: Vec<Setting>, environment: Vec<Setting>) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("stormdb-bench-").tempdir()?;
        let account = Account::for_server()?;
        let programs = programs.to_path_buf();
        let port = free_port()?;
        let cluster = Self { programs, account, port, folder, settings, environment };
        cluster.private_folder(cluster.folder.path())?;
        cluster.private_folder(&cluster.socket_folder())?;
        Ok(cluster)
    }

    /// Writes the settings and starts the server of a data folder.
    fn serve(&self) -> Result<()> {
        self.configure()?;
        let mut command = self.command("pg_ctl");
        command.args(["start", "-s", "-w", "-D"]).arg(self.data());
        command.arg("-l").arg(self.folder.path().join("log"));
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        // The server inherits the streams and would hold a pipe open.
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if !command.status().context("cannot run pg_ctl")?.success() {
            let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
            bail!("the server for the measurements did not start: {}", log.trim_end());
        }
        Ok(())
    }

    /// Where it listens on 127.0.0.1.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// One of PostgreSQL's client programs, told where the server is.
    pub(crate) fn client<S: AsRef<OsStr>>(
        &self,
        transport: Transport,
        name: &str,
        arguments: impl IntoIterator<Item = S>,
    ) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.env("PGHOST", self.host(transport)).env("PGPORT", self.port.to_string());
        command.env("PGDATABASE", ROLE).env("PGUSER", ROLE).args(arguments);
        command
    }

    /// The flags that lead `stormdb run` to the server.
    pub(crate) fn flags(&self, transport: Transport) -> Vec<String> {
        let (host, port) = (self.host(transport), self.port.to_string());
        let flags = ["--host", &host, "--port", &port, "--dbname", ROLE, "--username", ROLE];
        flags.map(str::to_owned).into()
    }

    /// Runs SQL as the measurements' role.
    pub(crate) fn sql(&self, statements: &[&str]) -> Result<()> {
        let mut psql = self.client(Transport::Unix, "psql", ["--no-psqlrc", "--quiet"]);
        psql.args(statements.iter().map(|statement| format!("--command={statement}")));
        program::read(&mut psql).map(drop)
    }

    fn host(&self, transport: Transport) -> String {
        match transport {
            Transport::Unix => self.socket_folder().to_string_lossy().into_owned(),
            Transport::Tcp => "127.0.0.1".to_owned(),
        }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn socket_folder(&self) -> PathBuf {
        self.folder.path().join("run")
    }

    /// A command that runs as the server's user, deaf to the terminal and to `PG*` variables.
    fn command(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C");
        command.current_dir(self.folder.path()).process_group(0);
        if let Some(Account { uid, gid }) = self.account {
            command.gid(gid).uid(uid);
        }
        command
    }

    /// Makes the folder one that only the server's user, and root, can enter.
    fn private_folder(&self, folder: &Path) -> Result<()> {
        let make = || {
            fs::create_dir_all(folder)?;
            fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
            self.account.map_or(Ok(()), |Account { uid, gid }| chown(folder, Some(uid), Some(gid)))
        };
        make().with_context(|| format!("cannot make {}", folder.display()))
    }

    fn configure(&self) -> Result<()> {
        let data = self.data();
        let (port, sockets) = (self.port.to_string(), self.socket_folder());
        let sockets = sockets.to_string_lossy();
        let places = [
            ("listen_addresses", "127.0.0.1"),
            ("port", &port),
            ("unix_socket_directories", &sockets),
        ];
        let settings =
            self.settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain(places);
        let lines: String = settings.map(|(name, value)| format!("{name} = '{value}'\n")).collect();
        let access = format!(
            "local all all trust\nlocal replication all trust\n\
             host {ROLE} {ROLE} 127.0.0.1/32 trust\n"
        );
        for (name, text) in [("postgresql.conf", &lines), ("pg_hba.conf", &access)] {
            let path = data.join(name);
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if !self.data().join("postmaster.pid").exists() {
            return;
        }
        let mut command = self.command("pg_ctl");
        command.args(["stop", "-s", "-w", "-m", "immediate", "-D"]).arg(self.data());
        if let Err(error) = program::read(&mut command) {
            anstream::eprintln!("the server of the measurements could not be stopped: {error:#}");
        }
    }
}

impl Account {
    /// `postgres`, else `nobody`; nothing for a user who is not root, who runs the server alone.
    fn for_server() -> Result<Option<Self>> {
        if !geteuid().is_root() {
            return Ok(None);
        }
        let users = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
        let found = ["postgres", "nobody"].into_iter().find_map(|name| Self::find(&users, name));
        let missing = "as root: /etc/passwd has neither postgres nor nobody to run the server as";
        found.map(Some).context(missing)
    }

    fn find(users: &str, name: &str) -> Option<Self> {
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            fields.next().filter(|found| *found == name)?;
            Some(Self { uid: fields.nth(1)?.parse().ok()?, gid: fields.next()?.parse().ok()? })
        })
    }
}

/// A port that nobody listens on now.
fn free_port() -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").context("cannot listen on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::Account;

    #[test]
    fn users_are_found_by_their_whole_name() {
        let users = "postgres2:x:7:7::/:\nnobody:x:65534:65533:nobody:/nonexistent:/bin/false\n";
        assert_eq!(Account::find(users, "nobody"), Some(Account { uid: 65534, gid: 65533 }));
        assert_eq!(Account::find(users, "postgres"), None);
    }
}
