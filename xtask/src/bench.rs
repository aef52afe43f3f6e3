//! `cargo xtask bench`: what is promised of speed and size, measured.

mod adaptive;
mod boundary;
pub(crate) mod cluster;
mod compare;
mod evidence;
mod footprint;
mod instructions;
pub(crate) mod interrupt;
mod load_plugin;
mod machine;
mod page;
mod pgbench;
mod product;
pub(crate) mod provenance;
mod statistics;
mod timed;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

use self::{
    adaptive::AdaptiveArgs, compare::CompareArgs, evidence::EvidenceArgs,
    instructions::InstructionsArgs, pgbench::PgbenchArgs,
};
use crate::workspace::Workspace;

#[derive(Debug, Args)]
pub(crate) struct BenchArgs {
    /// One measurement; without it, all of them.
    #[command(subcommand)]
    task: Option<BenchTask>,
}

#[derive(Debug, Subcommand)]
enum BenchTask {
    /// The plugin stormdb-pgbench beside the real pgbench, and pgbench beside itself.
    Pgbench(PgbenchArgs),
    /// One operation through the plugin interface beside one without it.
    Boundary,
    /// Start of the program, and what a run costs besides its measured time.
    Startup,
    /// Peak memory of the load process.
    Memory,
    /// The generator on one core against two.
    Scaling,
    /// Verifying and loading a plugin beside hashing its file.
    LoadPlugin,
    /// Throughput with the sampler of the server's state beside throughput without it.
    Evidence(EvidenceArgs),
    /// A fixed ladder beside an adaptive one on three workloads: optimum, limit, wall time; half an hour.
    Adaptive(AdaptiveArgs),
    /// Equal runs beside each other, and runs with a slowdown that `stormdb compare` is to find.
    Compare(CompareArgs),
    /// Instructions per operation beside the budget in the repository, by callgrind.
    Instructions(InstructionsArgs),
}

pub(crate) fn run(workspace: &Workspace, arguments: &BenchArgs) -> Result<ExitCode> {
    match &arguments.task {
        None => all(workspace),
        Some(BenchTask::Pgbench(arguments)) => pgbench::run(workspace, arguments),
        Some(BenchTask::Boundary) => boundary::run(workspace),
        Some(BenchTask::Startup) => footprint::startup(workspace),
        Some(BenchTask::Memory) => footprint::memory(workspace),
        Some(BenchTask::Scaling) => footprint::scaling(workspace),
        Some(BenchTask::LoadPlugin) => load_plugin::run(workspace),
        Some(BenchTask::Evidence(arguments)) => evidence::run(workspace, arguments),
        Some(BenchTask::Adaptive(arguments)) => adaptive::run(workspace, arguments),
        Some(BenchTask::Compare(arguments)) => compare::run(workspace, arguments),
        Some(BenchTask::Instructions(arguments)) => instructions::run(workspace, arguments),
    }
}

/// Everything with its defaults but the adaptive runs, which take as long as all others together; the exit code is that of the instructions, the only figures that
/// are the same on every machine.
fn all(workspace: &Workspace) -> Result<ExitCode> {
    pgbench::run(workspace, &PgbenchArgs::default())?;
    boundary::run(workspace)?;
    footprint::startup(workspace)?;
    footprint::memory(workspace)?;
    footprint::scaling(workspace)?;
    load_plugin::run(workspace)?;
    evidence::run(workspace, &EvidenceArgs::default())?;
    instructions::run(workspace, &InstructionsArgs::default())
}
