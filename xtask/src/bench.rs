//! `cargo xtask bench`: this host beside other load generators, on the same server at the same time.

mod cluster;
mod interrupt;
mod machine;
mod page;
mod pgbench;
mod product;
mod provenance;
mod statistics;
mod timed;

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

use crate::workspace::Workspace;

#[derive(Debug, Subcommand)]
pub(crate) enum BenchTask {
    /// The plugin stormdb-pgbench beside the real pgbench, and pgbench beside itself.
    Pgbench(pgbench::PgbenchArgs),
}

pub(crate) fn run(workspace: &Workspace, task: &BenchTask) -> Result<ExitCode> {
    match task {
        BenchTask::Pgbench(arguments) => pgbench::run(workspace, arguments),
    }
}
