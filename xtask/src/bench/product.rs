//! The program under measurement: built for release, its plugins signed, PostgreSQL at hand.

use std::process::Command;

use anyhow::{Context as _, Result};
use serde::Deserialize;
use tempfile::TempDir;

use super::cluster::{Cluster, Transport};
use crate::{
    bundles::{self, Bundles},
    program,
    stormdb::{PgStatus, Stormdb},
    workspace::{Profile, Workspace},
};

#[derive(Debug)]
pub(crate) struct Product {
    pub(crate) stormdb: Stormdb,
    bundles: Bundles,
    /// Whose programs, pgbench among them, the measurements use.
    pub(crate) postgres: PgStatus,
    /// Records and exports of the runs, kept away from the user's own.
    scratch: TempDir,
}

/// The one band of a run's result.
#[derive(Debug, Deserialize)]
pub(crate) struct Band {
    pub(crate) performance: Performance,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Performance {
    pub(crate) tps: f64,
    pub(crate) operations: f64,
    pub(crate) client_cpu_seconds: f64,
    pub(crate) client_peak_rss_bytes: f64,
}

impl Product {
    pub(crate) fn release(workspace: &Workspace) -> Result<Self> {
        workspace.build_product(Profile::Release)?;
        let stormdb = Stormdb::built(workspace, Profile::Release);
        program::run(&mut stormdb.command(["pg", "install"]))?;
        let bundles = bundles::sign_all(workspace, &stormdb, Profile::Release, "bench")?;
        let postgres = stormdb.pg_status()?;
        let scratch = tempfile::tempdir().context("cannot make a temporary folder")?;
        Ok(Self { stormdb, bundles, postgres, scratch })
    }

    /// `stormdb run` of a workload for some seconds, on data that is there.
    pub(crate) fn run(
        &self,
        cluster: &Cluster,
        transport: Transport,
        workload: &str,
        seconds: u32,
    ) -> Command {
        let mut command = self.command(cluster, transport, workload);
        command.args(["--duration", &format!("{seconds}s")]);
        command
    }

    /// `stormdb run` of a workload, with a JSON report on stdout.
    pub(crate) fn command(
        &self,
        cluster: &Cluster,
        transport: Transport,
        workload: &str,
    ) -> Command {
        let mut command = self.stormdb.command(["run", "--quiet", "--json"]);
        command.args(["--workload", workload]);
        command.args(cluster.flags(transport));
        command.arg("--plugins").arg(&self.bundles.folder);
        command.arg("--trust-store").arg(&self.bundles.trust_store);
        command.arg("--export-path").arg(self.scratch.path());
        command.env("XDG_DATA_HOME", self.scratch.path());
        command
    }

    /// `stormdb --version` and PostgreSQL's, for the foot of a section.
    pub(crate) fn versions(&self) -> Result<[String; 2]> {
        let stormdb = program::read(&mut self.stormdb.command(["--version"]))?;
        Ok([stormdb, format!("PostgreSQL and pgbench {}", self.postgres.version)])
    }
}

impl Band {
    /// The result of a run with one band.
    pub(crate) fn read(stdout: &str) -> Result<Self> {
        #[derive(Deserialize)]
        struct Document {
            bands: [Band; 1],
        }
        let Document { bands: [band] } =
            serde_json::from_str(stdout).context("the result of stormdb run --json")?;
        Ok(band)
    }
}
