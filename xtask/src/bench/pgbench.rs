//! This host and the real pgbench, in rounds on one server.

mod contestants;

use std::{fs, process::ExitCode};

use anyhow::{Context as _, Result};
use clap::{Args, ValueEnum};

use self::contestants::Contest;
pub(crate) use self::contestants::{Round, SCALE};
use super::{
    machine,
    page::{self, Page, Row},
    server::Server,
};
use crate::{
    bundles, program,
    stormdb::Stormdb,
    workspace::{Profile, Workspace},
};

/// Where the figures are written.
const PAGE: &str = "docs/reference/benchmarks.md";

#[derive(Debug, Args)]
pub(crate) struct PgbenchArgs {
    /// Short trials and nothing written: whether it works, not how fast it is.
    #[arg(long)]
    quick: bool,
    /// One kind of transaction; none means both.
    #[arg(long, value_enum)]
    work: Option<Work>,
    /// Numbers of clients.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 8, 32], value_parser = clap::value_parser!(u32).range(1..=100))]
    clients: Vec<u32>,
    /// Rounds per configuration; each runs every contestant once, in random order.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Seconds of one trial [default: 10, quick 2].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: Option<u32>,
    /// Seed of the order and of every trial's own seed [default: from the clock].
    #[arg(long)]
    seed: Option<u64>,
}

/// A kind of transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Work {
    Select,
    Tpcb,
}

pub(crate) fn run(workspace: &Workspace, arguments: &PgbenchArgs) -> Result<ExitCode> {
    let PgbenchArgs { quick, work, clients, rounds, seconds, seed } = arguments;
    let seconds = seconds.unwrap_or(if *quick { 2 } else { 10 });
    let seed = seed.unwrap_or_else(|| jiff::Timestamp::now().as_microsecond().unsigned_abs());

    workspace.build_product(Profile::Release)?;
    let stormdb = Stormdb::built(workspace, Profile::Release);
    program::run(&mut stormdb.command(["pg", "install"]))?;
    let bundles = bundles::sign_all(workspace, &stormdb, Profile::Release, "bench")?;
    let server = Server::start(&stormdb)?;
    let scale = SCALE.to_string();
    let mut initialise = server.client("pgbench", ["-i", "-q", "-s", &scale]);
    program::run(&mut initialise)?;

    let mut contest = Contest::new(&stormdb, &server, &bundles, seconds, seed)?;
    let mut rows = Vec::new();
    anstream::println!("{}", page::heading());
    for work in work.map_or_else(|| vec![Work::Select, Work::Tpcb], |work| vec![work]) {
        for clients in clients {
            let rounds = contest.rounds(work, *clients, *rounds)?;
            let row = Row::of(work, *clients, &rounds).context("no round was run")?;
            anstream::println!("{}", page::line(&row));
            rows.push(row);
        }
    }
    if *quick {
        return Ok(ExitCode::SUCCESS);
    }
    let command: Vec<String> = std::env::args().skip(1).collect();
    let page = Page {
        rows: &rows,
        rounds: *rounds,
        seconds,
        seed,
        machine: machine::describe(),
        postgres: server.version(),
        stormdb: program::read(&mut stormdb.command(["--version"]))?,
        rustc: program::read(std::process::Command::new("rustc").arg("--version"))?,
        command: format!("cargo xtask {}", command.join(" ")),
    };
    let path = workspace.root.join(PAGE);
    fs::write(&path, page.text()).with_context(|| format!("cannot write {}", path.display()))?;
    anstream::println!("written to {PAGE}");
    Ok(ExitCode::SUCCESS)
}
