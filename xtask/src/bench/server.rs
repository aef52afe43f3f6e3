//! The embedded server, kept running for as long as the measurements need it.

use std::{ffi::OsStr, process::Command};

use anyhow::{Context as _, Result};

use crate::{
    program,
    stormdb::{Address, Endpoint, PgStatus, Stormdb},
};

/// A running server; dropped, it stops unless it ran before.
#[derive(Debug)]
pub(crate) struct Server<'a> {
    stormdb: &'a Stormdb,
    status: PgStatus,
    endpoint: Endpoint,
    was_running: bool,
}

impl<'a> Server<'a> {
    pub(crate) fn start(stormdb: &'a Stormdb) -> Result<Self> {
        let was_running = stormdb.pg_status()?.endpoint.is_some();
        program::run(&mut stormdb.command(["pg", "start"]))?;
        let mut status = stormdb.pg_status()?;
        let endpoint = status.endpoint.take().context("the embedded server does not run")?;
        Ok(Self { stormdb, status, endpoint, was_running })
    }

    /// One of PostgreSQL's client programs, told where the server is.
    pub(crate) fn client<S: AsRef<OsStr>>(
        &self,
        name: &str,
        arguments: impl IntoIterator<Item = S>,
    ) -> Command {
        let mut command = Command::new(self.status.programs.join(name));
        let Endpoint { address: Address::Unix { directory, port }, database, user } =
            &self.endpoint;
        command.env("PGHOST", directory).env("PGPORT", port.to_string());
        command.env("PGDATABASE", database).env("PGUSER", user).args(arguments);
        command
    }

    /// The flags that lead `stormdb run` to the server.
    pub(crate) fn flags(&self) -> Vec<String> {
        let Endpoint { address: Address::Unix { directory, port }, database, user } =
            &self.endpoint;
        let directory = directory.to_string_lossy().into_owned();
        let port = port.to_string();
        let flags =
            ["--host", &directory, "--port", &port, "--dbname", database, "--username", user];
        flags.map(str::to_owned).into()
    }

    /// Such as `18.4`.
    pub(crate) fn version(&self) -> &str {
        &self.status.version
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        if self.was_running {
            return;
        }
        if let Err(error) = program::run(&mut self.stormdb.command(["pg", "stop"])) {
            anstream::eprintln!("the embedded server could not be stopped: {error:#}");
        }
    }
}
