//! What it costs to watch the server: runs with the sampler and without it, in rounds on one server.

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Args;
use fastrand::Rng;

use super::{
    cluster::{Cluster, Transport},
    interrupt::Interrupt,
    page::{self, Section},
    product::{Band, Product},
    provenance,
    statistics::{GeometricMean, median},
};
use crate::{program, workspace::Workspace};

/// Branches of the tables: as many as the most clients, as pgbench asks.
const SCALE: &str = "32";
/// The share of the throughput that must be left.
const LEFT_MIN: f64 = 0.99;
const WORKLOADS: [&str; 2] = ["pgbench_select_only", "pgbench_tpcb"];

#[derive(Debug, Default, Args)]
pub(crate) struct EvidenceArgs {
    /// For development: 3 rounds of a second with 8 clients; nothing written.
    #[arg(long)]
    quick: bool,
    /// Numbers of clients [default: 8,32; quick 8].
    #[arg(long, value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=32))]
    clients: Vec<u32>,
    /// Rounds; each runs every contestant of every configuration once [default: 20, quick 3].
    #[arg(long, value_parser = clap::value_parser!(u32).range(2..))]
    rounds: Option<u32>,
    /// Seconds of one run [default: 3, quick 1].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    seconds: Option<u32>,
    /// Seed of the order [default: from the clock].
    #[arg(long)]
    seed: Option<u64>,
}

/// A run takes part with the sampler, without it, and a second time without it: what two runs without it differ by
/// is noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Contestant {
    Watched,
    Alone,
    AloneAgain,
}

/// One workload at one size, and what was measured of it.
#[derive(Debug)]
struct Configuration {
    workload: &'static str,
    clients: u32,
    rounds: Vec<Round>,
}

/// Transactions per second of one round.
#[derive(Clone, Copy, Debug, Default)]
struct Round {
    watched: f64,
    alone: f64,
    alone_again: f64,
}

pub(crate) fn run(workspace: &Workspace, arguments: &EvidenceArgs) -> Result<ExitCode> {
    let EvidenceArgs { quick, clients, rounds, seconds, seed } = arguments;
    let rounds = rounds.unwrap_or(if *quick { 3 } else { 20 });
    let seconds = seconds.unwrap_or(if *quick { 1 } else { 3 });
    let clients = match clients.as_slice() {
        [] if *quick => &[8],
        [] => &[8, 32][..],
        given => given,
    };
    let product = Product::release(workspace)?;
    let interrupt = Interrupt::listen()?;
    let cluster = Cluster::start(&product.postgres.programs)?;
    program::run(&mut cluster.client(Transport::Unix, "pgbench", ["-i", "-q", "-s", SCALE]))?;
    let sizes = WORKLOADS.into_iter().flat_map(|work| clients.iter().map(move |&n| (work, n)));
    let mut configurations: Vec<Configuration> = sizes
        .map(|(workload, clients)| Configuration { workload, clients, rounds: Vec::new() })
        .collect();
    let seed = seed.unwrap_or_else(|| jiff::Timestamp::now().as_microsecond().unsigned_abs());
    let mut rng = Rng::with_seed(seed);
    for round in 1..=rounds {
        anstream::eprintln!("round {round} of {rounds}");
        cluster.sql(&["TRUNCATE pgbench_history", "VACUUM", "CHECKPOINT"])?;
        for configuration in &mut configurations {
            if !interrupt.asked() {
                let measured =
                    configuration.round(&product, &cluster, seconds, &mut rng, &interrupt)?;
                configuration.rounds.extend(measured);
            }
        }
        if interrupt.asked() {
            break;
        }
    }
    let body = report(&configurations, seconds)?;
    anstream::println!("\n{body}");
    if *quick || interrupt.asked() {
        anstream::println!("nothing written: the plan was cut short, or quick");
        return Ok(ExitCode::SUCCESS);
    }
    let versions = product.versions()?;
    let foot = provenance::lines(&versions.each_ref().map(String::as_str))?;
    page::write(workspace, Section::Evidence, &format!("{body}\n{foot}- seed {seed}\n"))?;
    Ok(ExitCode::SUCCESS)
}

impl Configuration {
    /// One run of each contestant, in random order; nothing of a round that was cut short.
    fn round(
        &self,
        product: &Product,
        cluster: &Cluster,
        seconds: u32,
        rng: &mut Rng,
        interrupt: &Interrupt,
    ) -> Result<Option<Round>> {
        let mut order = [Contestant::Watched, Contestant::Alone, Contestant::AloneAgain];
        rng.shuffle(&mut order);
        let mut round = Round::default();
        for contestant in order {
            if interrupt.asked() {
                return Ok(None);
            }
            let mut command = product.run(cluster, Transport::Unix, self.workload, seconds);
            let clients = self.clients.to_string();
            command.args(["--scale", SCALE, "--workers", &clients, "--connections", &clients]);
            let is_watched = contestant == Contestant::Watched;
            command.args(["--set", &format!("collect_pg_stats={is_watched}")]);
            let tps = Band::read(&program::read(&mut command)?)?.performance.tps;
            match contestant {
                Contestant::Watched => round.watched = tps,
                Contestant::Alone => round.alone = tps,
                Contestant::AloneAgain => round.alone_again = tps,
            }
        }
        Ok(Some(round))
    }
}

impl Round {
    /// Logarithm of the throughput that the sampler leaves.
    fn left(&self) -> f64 {
        self.watched.ln() - f64::midpoint(self.alone.ln(), self.alone_again.ln())
    }

    fn noise(&self) -> f64 {
        self.alone_again.ln() - self.alone.ln()
    }
}

fn report(configurations: &[Configuration], seconds: u32) -> Result<String> {
    let mean = |of: fn(&Round) -> f64| {
        let groups: Vec<Vec<f64>> = configurations
            .iter()
            .map(|configuration| configuration.rounds.iter().map(of).collect())
            .collect();
        GeometricMean::of_logs(&groups).context("a configuration was not measured")
    };
    let (left, noise) = (mean(Round::left)?, mean(Round::noise)?);
    let mut body = format!(
        "Throughput of runs with the sampler over runs without it (`collect_pg_stats: false`), {seconds} s each, in random \
         order; intervals are 95 %, by bootstrap over the rounds of each configuration. The last line \
         compares runs without it among themselves.\n\n\
         | what | ratio | 95 % | rounds | goal | |\n|---|---:|---:|---:|---:|---|\n\
         | with the sampler | {} | ≥ {LEFT_MIN} | {} |\n\
         | without, twice | {} | – | |\n\n\
         | workload | clients | TPS without | TPS with | ratio | 95 % | rounds |\n|---|---:|---:|---:|---:|---:|---:|\n",
        cells(&left),
        verdict(&left),
        cells(&noise),
    );
    for Configuration { workload, clients, rounds } in configurations {
        let tps = |of: fn(&Round) -> f64| median(rounds.iter().map(of)).unwrap_or_default();
        let logs = rounds.iter().map(Round::left).collect();
        let ratio = GeometricMean::of_logs(&[logs]).context("nothing was measured")?;
        body.push_str(&format!(
            "| `{workload}` | {clients} | {:.0} | {:.0} | {} |\n",
            tps(|round| f64::midpoint(round.alone, round.alone_again)),
            tps(|round| round.watched),
            cells(&ratio),
        ));
    }
    Ok(body)
}

/// Ratio, interval and rounds as cells of a table.
fn cells(mean: &GeometricMean) -> String {
    let GeometricMean { ratio, interval, pairs } = mean;
    let interval =
        interval.map_or_else(|| "–".to_owned(), |(low, high)| format!("{low:.4} to {high:.4}"));
    format!("{ratio:.4} | {interval} | {pairs}")
}

/// Passed or missed only where the whole interval says so.
fn verdict(left: &GeometricMean) -> &'static str {
    match left.interval {
        Some((low, _)) if low >= LEFT_MIN => "**passed**",
        Some((_, high)) if high < LEFT_MIN => "**missed**",
        Some(_) | None => "open: more rounds would tell",
    }
}

#[cfg(test)]
mod tests {
    use super::{Configuration, Round, report};

    fn measured(shares: &[f64]) -> String {
        let rounds = shares
            .iter()
            .map(|share| Round { watched: 1000.0 * share, alone: 1000.0, alone_again: 1000.0 })
            .collect();
        report(&[Configuration { workload: "w", clients: 8, rounds }], 3).unwrap()
    }

    #[test]
    fn the_verdict_needs_the_whole_interval() {
        assert!(measured(&[0.998, 0.999, 0.997]).contains("**passed**"));
        assert!(measured(&[0.95, 0.96, 0.94]).contains("**missed**"));
        assert!(measured(&[0.90, 1.10, 0.99]).contains("open"));
        assert!(measured(&[0.95]).contains("open"));
    }

    #[test]
    fn the_ratio_is_of_both_runs_without_the_sampler() {
        let round = Round { watched: 900.0, alone: 500.0, alone_again: 2000.0 };
        assert!((round.left() - 0.9_f64.ln()).abs() < 1e-12);
        assert!((round.noise() - 4_f64.ln()).abs() < 1e-12);
    }
}
