//! The programs that are measured, and the rounds in which they take turns.

use std::thread::available_parallelism;

use anyhow::{Context as _, Result};
use fastrand::Rng;
use serde::Deserialize;
use tempfile::TempDir;

use super::Work;
use crate::{
    bench::{server::Server, timed, trial::Trial},
    bundles::Bundles,
    program,
    stormdb::Stormdb,
};

/// Branches of the tables, 100,000 accounts each.
pub(crate) const SCALE: u32 = 10;

/// Every contestant once, at the same task.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    pub(crate) pgbench: Trial,
    /// The same program again: how far apart two equal programs come out.
    pub(crate) pgbench_again: Trial,
    pub(crate) stormdb: Trial,
}

/// What the trials share.
#[derive(Debug)]
pub(crate) struct Contest<'a> {
    stormdb: &'a Stormdb,
    server: &'a Server<'a>,
    bundles: &'a Bundles,
    seconds: u32,
    /// pgbench's threads take the cores that the executors of a band take.
    cores: u32,
    rng: Rng,
    /// Records and exports of the trials, kept away from the user's own.
    scratch: TempDir,
}

#[derive(Clone, Copy, Debug)]
enum Contestant {
    Pgbench,
    PgbenchAgain,
    Stormdb,
}

impl<'a> Contest<'a> {
    pub(crate) fn new(
        stormdb: &'a Stormdb,
        server: &'a Server<'a>,
        bundles: &'a Bundles,
        seconds: u32,
        seed: u64,
    ) -> Result<Self> {
        let cores = available_parallelism().context("the number of cores")?.get();
        let scratch = tempfile::tempdir().context("cannot make a temporary folder")?;
        let (cores, rng) = (u32::try_from(cores)?, Rng::with_seed(seed));
        Ok(Self { stormdb, server, bundles, seconds, cores, rng, scratch })
    }

    pub(crate) fn rounds(&mut self, work: Work, clients: u32, rounds: u32) -> Result<Vec<Round>> {
        (0..rounds).map(|_| self.round(work, clients)).collect()
    }

    fn round(&mut self, work: Work, clients: u32) -> Result<Round> {
        let mut order = [Contestant::Pgbench, Contestant::PgbenchAgain, Contestant::Stormdb];
        self.rng.shuffle(&mut order);
        let (mut pgbench, mut pgbench_again, mut stormdb) = (None, None, None);
        for contestant in order {
            self.level()?;
            match contestant {
                Contestant::Pgbench => pgbench = Some(self.pgbench(work, clients)?),
                Contestant::PgbenchAgain => pgbench_again = Some(self.pgbench(work, clients)?),
                Contestant::Stormdb => stormdb = Some(self.stormdb(work, clients)?),
            }
        }
        let all = pgbench.zip(pgbench_again).zip(stormdb).context("a contestant was left out")?;
        let ((pgbench, pgbench_again), stormdb) = all;
        Ok(Round { pgbench, pgbench_again, stormdb })
    }

    /// Takes away what the trial before left behind: dead rows, history, dirty pages.
    fn level(&self) -> Result<()> {
        let statements =
            ["VACUUM pgbench_branches, pgbench_tellers", "TRUNCATE pgbench_history", "CHECKPOINT"];
        let mut psql = self.server.client("psql", ["--no-psqlrc", "--quiet"]);
        for statement in statements {
            psql.args(["--command", statement]);
        }
        program::read(&mut psql).map(drop)
    }

    fn pgbench(&mut self, work: Work, clients: u32) -> Result<Trial> {
        let mut command = self.server.client("pgbench", ["-n", "-M", "prepared"]);
        command.arg(format!("--client={clients}"));
        command.arg(format!("--jobs={}", clients.min(self.cores)));
        command.arg(format!("--time={}", self.seconds));
        command.arg(format!("--random-seed={}", self.rng.u32(..)));
        if work == Work::Select {
            command.arg("-S");
        }
        let timed = timed::run(&mut command)?;
        let (tps, transactions) = pgbench_figures(&timed.stdout)
            .with_context(|| format!("the output of pgbench: {}", timed.stdout))?;
        Ok(Trial { tps, cpu_us: timed.cpu_seconds * 1e6 / transactions })
    }

    fn stormdb(&mut self, work: Work, clients: u32) -> Result<Trial> {
        let workload = match work {
            Work::Select => "pgbench_select_only",
            Work::Tpcb => "pgbench_tpcb",
        };
        let mut command =
            self.stormdb.command(["run", "--quiet", "--json", "--workload", workload]);
        command.args(self.server.flags());
        command.args(["--scale", &SCALE.to_string()]);
        command.args(["--workers", &clients.to_string(), "--connections", &clients.to_string()]);
        command.args(["--duration", &format!("{}s", self.seconds)]);
        command.args(["--seed", &self.rng.u32(..).to_string()]);
        command.arg("--plugins").arg(&self.bundles.folder);
        command.arg("--trust-store").arg(&self.bundles.trust_store);
        command.arg("--export-path").arg(self.scratch.path());
        command.env("XDG_DATA_HOME", self.scratch.path());
        let timed = timed::run(&mut command)?;
        stormdb_figures(&timed.stdout)
    }
}

/// Throughput without connecting, and the number of transactions.
fn pgbench_figures(stdout: &str) -> Option<(f64, f64)> {
    let after = |label: &str| {
        let line = stdout.lines().find_map(|line| line.strip_prefix(label))?;
        line.split_whitespace().next()?.parse::<f64>().ok()
    };
    Some((after("tps = ")?, after("number of transactions actually processed: ")?))
}

/// The one band of the result.
fn stormdb_figures(stdout: &str) -> Result<Trial> {
    #[derive(Deserialize)]
    struct Document {
        bands: [Band; 1],
    }
    #[derive(Deserialize)]
    struct Band {
        performance: Performance,
    }
    #[derive(Deserialize)]
    struct Performance {
        tps: f64,
        operations: f64,
        client_cpu_seconds: f64,
    }
    let Document { bands: [Band { performance }] } =
        serde_json::from_str(stdout).context("the result of stormdb run --json")?;
    let Performance { tps, operations, client_cpu_seconds } = performance;
    Ok(Trial { tps, cpu_us: client_cpu_seconds * 1e6 / operations })
}

#[cfg(test)]
mod tests {
    use super::pgbench_figures;

    #[test]
    fn throughput_of_pgbench_is_without_connecting() {
        let stdout = "number of transactions actually processed: 25041\n\
                      number of failed transactions: 0 (0.000%)\n\
                      latency average = 0.319 ms\n\
                      initial connection time = 12.9 ms\n\
                      tps = 25104.7 (without initial connection time)\n";
        assert_eq!(pgbench_figures(stdout), Some((25104.7, 25041.0)));
        assert_eq!(pgbench_figures("tps = many"), None);
    }
}
