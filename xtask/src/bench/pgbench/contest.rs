//! Running one contestant at one configuration.

use std::{collections::BTreeMap, fs, path::PathBuf, process::Command};

use anyhow::{Context as _, Result};
use fastrand::Rng;
use tempfile::TempDir;

use super::{
    configuration::{Configuration, Contestant, Work},
    measured::Trial,
    scripts,
};
use crate::{
    bench::{
        cluster::{Cluster, Transport},
        product::{Band, Performance, Product},
        statistics::median,
        timed,
    },
    program,
};

/// Branches of the tables, 100,000 accounts each: as many as the most clients, as pgbench asks.
pub(crate) const SCALE: u32 = 32;
/// Repetitions behind the cost of pgbench's start.
const STARTS: usize = 3;

/// What the trials share.
#[derive(Debug)]
pub(crate) struct Contest<'a> {
    product: &'a Product,
    cluster: &'a Cluster,
    seconds: u32,
    rng: Rng,
    /// pgbench's CPU microseconds for starting, connecting and one transaction per client.
    starts: BTreeMap<Configuration, f64>,
    /// Scripts of pgbench.
    scratch: TempDir,
}

/// What pgbench says of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
struct PgbenchFigures {
    /// Without connecting.
    tps: f64,
    transactions: f64,
}

impl<'a> Contest<'a> {
    pub(crate) fn new(
        product: &'a Product,
        cluster: &'a Cluster,
        seconds: u32,
        rng: Rng,
    ) -> Result<Self> {
        let scratch = tempfile::tempdir().context("cannot make a temporary folder")?;
        for work in [Work::SelectPipeline, Work::TpcbPipeline] {
            if let Some(script) = scripts::pipeline(work) {
                fs::write(script_in(&scratch, work), script).context("cannot write a script")?;
            }
        }
        Ok(Self { product, cluster, seconds, rng, starts: BTreeMap::new(), scratch })
    }

    /// Makes pgbench's tables and has the server read all of their pages.
    pub(crate) fn initialise(&self) -> Result<()> {
        let scale = SCALE.to_string();
        let arguments = ["-i", "-q", "-s", &scale];
        program::run(&mut self.cluster.client(Transport::Unix, "pgbench", arguments))?;
        self.cluster.sql(&[
            "SET enable_seqscan = off",
            "SET enable_bitmapscan = off",
            "SET enable_indexonlyscan = off",
            "SELECT sum(abalance) FROM pgbench_accounts WHERE aid > 0",
            "CHECKPOINT",
        ])
    }

    /// Takes away what a round left behind: dead rows, history, dirty pages.
    pub(crate) fn level_round(&self) -> Result<()> {
        self.cluster.sql(&["TRUNCATE pgbench_history", "VACUUM", "CHECKPOINT"])
    }

    /// Runs one contestant, with a seed of its own.
    pub(crate) fn trial(
        &mut self,
        configuration: Configuration,
        contestant: Contestant,
    ) -> Result<Trial> {
        if configuration.work.writes() {
            // The few rows that every transaction changes; what is left of the rest is vacuumed
            // between rounds.
            self.cluster
                .sql(&["VACUUM pgbench_branches, pgbench_tellers", "TRUNCATE pgbench_history"])?;
        }
        match contestant {
            Contestant::Pgbench | Contestant::PgbenchAgain => self.pgbench(configuration),
            Contestant::PgbenchPlain => {
                self.pgbench(Configuration { work: Work::Tpcb, ..configuration })
            }
            Contestant::Wire => self.stormdb(configuration, "wire"),
            Contestant::TokioPostgres => self.stormdb(configuration, "tokio-postgres"),
        }
    }

    /// The CPU milliseconds of pgbench's start, median over the configurations measured so far.
    pub(crate) fn start_ms(&self) -> Option<f64> {
        median(self.starts.values().map(|us| us / 1e3))
    }

    fn pgbench(&mut self, configuration: Configuration) -> Result<Trial> {
        let started = self.start_of_pgbench(configuration)?;
        let mut command = self.pgbench_command(configuration);
        command.arg(format!("--time={}", self.seconds));
        let timed = timed::run(&mut command)?;
        let PgbenchFigures { tps, transactions } = PgbenchFigures::read(&timed.stdout)?;
        let transactions = transactions - f64::from(configuration.clients);
        Ok(Trial { tps, cpu_us: (timed.cpu_us - started) / transactions })
    }

    fn start_of_pgbench(&mut self, configuration: Configuration) -> Result<f64> {
        if let Some(known) = self.starts.get(&configuration) {
            return Ok(*known);
        }
        let mut costs = Vec::new();
        for _ in 0..STARTS {
            let mut command = self.pgbench_command(configuration);
            costs.push(timed::run(command.arg("--transactions=1"))?.cpu_us);
        }
        let cost = median(costs).context("pgbench was not started")?;
        self.starts.insert(configuration, cost);
        Ok(cost)
    }

    fn pgbench_command(&mut self, configuration: Configuration) -> Command {
        let Configuration { work, clients, threads, transport } = configuration;
        let mut command = self.cluster.client(transport, "pgbench", ["-n", "-M", "prepared"]);
        command.arg(format!("--client={clients}")).arg(format!("--jobs={threads}"));
        command.arg(format!("--random-seed={}", self.rng.u32(..)));
        match work {
            Work::Tpcb => {}
            Work::Select => {
                command.arg("-S");
            }
            Work::SelectPipeline | Work::TpcbPipeline => {
                command.arg(format!("--scale={SCALE}"));
                command.arg("--file").arg(script_in(&self.scratch, work));
            }
        }
        command
    }

    fn stormdb(&mut self, configuration: Configuration, driver: &str) -> Result<Trial> {
        let Configuration { work, clients, threads, transport } = configuration;
        let clients = clients.to_string();
        let mut command = self.product.run(self.cluster, transport, work.workload(), self.seconds);
        // pgbench does not look at the server meanwhile.
        command.args(["--set", "collect_pg_stats=false"]);
        command.args(["--driver", driver, "--executors", &threads.to_string()]);
        command.args(["--scale", &SCALE.to_string()]);
        command.args(["--workers", &clients, "--connections", &clients]);
        command.args(["--seed", &self.rng.u32(..).to_string()]);
        let band = Band::read(&timed::run(&mut command)?.stdout)?;
        let Performance { tps, operations, client_cpu_seconds, client_peak_rss_bytes: _ } =
            band.performance;
        Ok(Trial { tps, cpu_us: client_cpu_seconds * 1e6 / operations })
    }
}

fn script_in(scratch: &TempDir, work: Work) -> PathBuf {
    scratch.path().join(format!("{}.sql", work.workload()))
}

impl PgbenchFigures {
    fn read(stdout: &str) -> Result<Self> {
        let after = |label: &str| {
            let line = stdout.lines().find_map(|line| line.strip_prefix(label))?;
            // Some versions write the number of transactions with the number that was asked for.
            line.split([' ', '/']).next()?.parse::<f64>().ok()
        };
        let tps = after("tps = ");
        let transactions = after("number of transactions actually processed: ");
        let both = tps.zip(transactions);
        let (tps, transactions) =
            both.with_context(|| format!("the output of pgbench: {stdout}"))?;
        Ok(Self { tps, transactions })
    }
}

#[cfg(test)]
mod tests {
    use super::PgbenchFigures;

    #[test]
    fn throughput_of_pgbench_is_without_connecting() {
        let stdout = "number of transactions actually processed: 25041\n\
                      number of failed transactions: 0 (0.000%)\n\
                      latency average = 0.319 ms\n\
                      initial connection time = 12.9 ms\n\
                      tps = 25104.7 (without initial connection time)\n";
        let found = PgbenchFigures::read(stdout).unwrap();
        assert_eq!(found, PgbenchFigures { tps: 25104.7, transactions: 25041.0 });
        let counted = "number of transactions actually processed: 8/8\ntps = 1.0 (x)\n";
        assert_eq!(PgbenchFigures::read(counted).unwrap().transactions.to_string(), "8");
        assert!(PgbenchFigures::read("tps = many").is_err());
    }
}
