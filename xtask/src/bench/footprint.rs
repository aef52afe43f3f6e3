//! What the program needs before and beside the load: time to start, memory, cores.

use std::{
    process::{Command, ExitCode},
    time::Instant,
};

use anyhow::{Context as _, Result};

use super::{
    cluster::{Cluster, Transport},
    page::{self, Section},
    product::{Band, Performance, Product},
    provenance,
    statistics::{GeometricMean, median},
    timed,
};
use crate::{program, workspace::Workspace};

const WORKLOAD: &str = "pgbench_select_only";
/// Branches of the tables; nothing here depends on their size.
const SCALE: &str = "1";

/// Milliseconds of `stormdb --help`, and of all that a run does besides measuring.
pub(crate) fn startup(workspace: &Workspace) -> Result<ExitCode> {
    let (product, cluster) = prepare(workspace)?;
    let help = || milliseconds(&mut product.stormdb.command(["--help"]));
    let help = typical(50, help)?;
    let fixed = || {
        let mut run = run(&product, &cluster, 100, 100, 1);
        Ok(milliseconds(&mut run)? - 1_000.0)
    };
    let fixed = typical(10, fixed)?;
    let body = format!(
        "| what | median | goal | |\n|---|---:|---:|---|\n\
         | `stormdb --help` | {help:.1} ms | ≤ 10 ms | {} |\n\
         | a run besides its measured second: verify, load, connect 100 connections, first operation, \
         report | {fixed:.0} ms | ≤ 500 ms | {} |\n",
        verdict(help <= 10.0),
        verdict(fixed <= 500.0),
    );
    publish(workspace, &product, Section::Startup, &body)
}

/// Peak resident memory of the load process.
pub(crate) fn memory(workspace: &Workspace) -> Result<ExitCode> {
    let (product, cluster) = prepare(workspace)?;
    let mut body = "| workers | connections | seconds | peak resident | goal | |\n\
                    |---:|---:|---:|---:|---:|---|\n"
        .to_owned();
    for (workers, seconds, most) in [(1_000, 2, 64.0), (1_000, 30, 64.0), (5_000, 2, 150.0)] {
        let mut command = run(&product, &cluster, workers, 50, seconds);
        let Performance { client_peak_rss_bytes, .. } =
            Band::read(&program::read(&mut command)?)?.performance;
        let mib = client_peak_rss_bytes / f64::from(1 << 20);
        body.push_str(&format!(
            "| {workers} | 50 | {seconds} | {mib:.1} MiB | ≤ {most:.0} MiB | {} |\n",
            verdict(mib <= most)
        ));
    }
    publish(workspace, &product, Section::Memory, &body)
}

/// The generator on one core against two, in turns.
pub(crate) fn scaling(workspace: &Workspace) -> Result<ExitCode> {
    const ROUNDS: usize = 10;
    let (product, cluster) = prepare(workspace)?;
    let (mut one, mut two) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        for (cores, executors, trials) in [("0", "1", &mut one), ("0,1", "2", &mut two)] {
            let mut run = run(&product, &cluster, 32, 32, 1);
            run.args(["--executors", executors]);
            let mut pinned = Command::new("taskset");
            pinned.args(["--cpu-list", cores]).arg(run.get_program()).args(run.get_args());
            pinned.current_dir(&workspace.root);
            for (name, value) in run.get_envs() {
                match value {
                    Some(value) => pinned.env(name, value),
                    None => pinned.env_remove(name),
                };
            }
            trials.push(Band::read(&timed::run(&mut pinned)?.stdout)?.performance);
        }
    }
    let logs = one.iter().zip(&two).map(|(one, two)| (two.tps / one.tps).ln()).collect();
    let ratio = GeometricMean::of_logs(&[logs]).context("nothing was measured")?;
    let (low, high) = ratio.interval.context("one round is no interval")?;
    let mut body = "| cores of the generator | executors | TPS | client CPU µs/txn |\n\
                    |---:|---:|---:|---:|\n"
        .to_owned();
    for (cores, trials) in [(1, &one), (2, &two)] {
        let tps = median(trials.iter().map(|trial| trial.tps)).unwrap_or_default();
        let cpu = trials.iter().map(|trial| trial.client_cpu_seconds * 1e6 / trial.operations);
        let cpu = median(cpu).unwrap_or_default();
        body.push_str(&format!("| {cores} | {cores} | {tps:.0} | {cpu:.1} |\n"));
    }
    body.push_str(&format!(
        "\nTwo cores over one: throughput {:.3} ({low:.3} to {high:.3}), {ROUNDS} pairs of 1 s, select-only, \
         32 clients, Unix socket. The server may use both cores in either case, and shares them with \
         the generator.\n",
        ratio.ratio
    ));
    publish(workspace, &product, Section::Scaling, &body)
}

fn prepare(workspace: &Workspace) -> Result<(Product, Cluster)> {
    let product = Product::release(workspace)?;
    let cluster = Cluster::start(&product.postgres.programs)?;
    let initialise = ["-i", "-q", "-s", SCALE];
    program::read(&mut cluster.client(Transport::Unix, "pgbench", initialise))?;
    Ok((product, cluster))
}

fn run(
    product: &Product,
    cluster: &Cluster,
    workers: u32,
    connections: u32,
    seconds: u32,
) -> Command {
    let mut command = product.run(cluster, Transport::Unix, WORKLOAD, seconds);
    command.args(["--scale", SCALE, "--workers", &workers.to_string()]);
    command.args(["--connections", &connections.to_string()]);
    command
}

fn publish(
    workspace: &Workspace,
    product: &Product,
    section: Section,
    body: &str,
) -> Result<ExitCode> {
    anstream::println!("{body}");
    let versions = product.versions()?;
    let foot = provenance::lines(&versions.each_ref().map(String::as_str))?;
    page::write(workspace, section, &format!("{body}\n{foot}"))?;
    Ok(ExitCode::SUCCESS)
}

/// The median of so many measurements.
pub(super) fn typical(times: usize, measure: impl Fn() -> Result<f64>) -> Result<f64> {
    let measured = (0..times).map(|_| measure()).collect::<Result<Vec<_>>>()?;
    median(measured).context("nothing was measured")
}

/// From the start of a program to its end.
pub(super) fn milliseconds(command: &mut Command) -> Result<f64> {
    let began = Instant::now();
    program::read(command)?;
    Ok(began.elapsed().as_secs_f64() * 1e3)
}

pub(super) fn verdict(kept: bool) -> &'static str {
    if kept { "**passed**" } else { "**missed**" }
}
