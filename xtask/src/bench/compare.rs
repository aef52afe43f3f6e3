//! Whether `stormdb compare` cries wolf, and what it finds: equal runs beside each other, and runs with a slowdown whose
//! size is known.
//!
//! Every operation makes the server count over so many rows that no table holds. A slowdown is more rows: how many is
//! calibrated to the response time that was measured. Blocks of four runs, two of them equal, alternate in time.

use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use serde::Deserialize;
use tempfile::TempDir;

use super::{
    cluster::{Cluster, Transport},
    interrupt::Interrupt,
};
use crate::{
    bundles::{self, Bundles},
    program, scenarios,
    stormdb::Stormdb,
    workspace::{Profile, Workspace},
};

/// Pairs in one comparison of equal runs.
const EQUAL_PAIRS: usize = 3;
/// Pairs in one comparison with a slowdown.
const SLOW_PAIRS: [usize; 5] = [5, 10, 20, 30, 60];
/// Rows that an operation counts over: about a millisecond.
const ROWS: f64 = 4000.0;
/// Runs of each size for the calibration.
const CALIBRATION_RUNS: usize = 3;

#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// Blocks of four runs; each gives a pair of equal runs and a pair for every slowdown.
    #[arg(long, value_name = "N", default_value_t = 60)]
    pairs: usize,
    /// Measured seconds of a run.
    #[arg(long, value_name = "S", default_value_t = 2)]
    seconds: u32,
    /// Use the development build, which is there sooner; runs are compared with each other alone.
    #[arg(long)]
    dev: bool,
}

/// What a run of a block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Base,
    Equal,
    Slow5,
    Slow15,
}

/// What is compared with.
struct Bench {
    stormdb: Stormdb,
    bundles: Bundles,
    cluster: Cluster,
    scratch: TempDir,
    seconds: u32,
}

/// The ids of the runs of every side, block by block.
#[derive(Debug, Default)]
struct Runs {
    base: Vec<String>,
    equal: Vec<String>,
    slow5: Vec<String>,
    slow15: Vec<String>,
}

/// What `stormdb run --json` says, as far as it matters here.
#[derive(Debug, Deserialize)]
struct Ran {
    metadata: Metadata,
    bands: [Band; 1],
}

#[derive(Debug, Deserialize)]
struct Metadata {
    run_id: String,
}

#[derive(Debug, Deserialize)]
struct Band {
    performance: Performance,
}

#[derive(Debug, Deserialize)]
struct Performance {
    avg_latency_ms: f64,
}

/// What `stormdb compare --json` says, as far as it matters here.
#[derive(Debug, Deserialize)]
struct Compared {
    regression: bool,
    compared: Vec<Row>,
    power: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Row {
    metric: String,
    change: Option<f64>,
}

pub(crate) fn run(workspace: &Workspace, arguments: &CompareArgs) -> Result<ExitCode> {
    ensure!(arguments.pairs >= EQUAL_PAIRS, "fewer than {EQUAL_PAIRS} pairs are no comparison");
    let interrupt = Interrupt::listen()?;
    let bench = Bench::set_up(workspace, arguments)?;
    let rows_of = bench.calibrate()?;
    let runs = bench.measure(arguments.pairs, &rows_of, &interrupt)?;
    ensure!(runs.base.len() >= EQUAL_PAIRS, "stopped before there was anything to compare");
    bench.judge(&runs)
}

/// The rows of a side, from the response time at two sizes.
#[derive(Clone, Copy, Debug)]
struct Calibration {
    /// Milliseconds of an operation over [`ROWS`] rows.
    base_ms: f64,
    /// Milliseconds of one more row.
    row_ms: f64,
}

impl Calibration {
    fn rows(self, side: Side) -> u32 {
        let slowdown = match side {
            Side::Base | Side::Equal => 0.0,
            Side::Slow5 => 0.05,
            Side::Slow15 => 0.15,
        };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "some thousands of rows"
        )]
        let rows = (ROWS + slowdown * self.base_ms / self.row_ms).round() as u32;
        rows
    }
}

impl Bench {
    fn set_up(workspace: &Workspace, arguments: &CompareArgs) -> Result<Self> {
        let profile = if arguments.dev { Profile::Dev } else { Profile::Release };
        let mut build = workspace.cargo(&["build", "--locked", "--package", "stormdb"]);
        build.args(["--package", "stormdb-scenarios"]);
        if !arguments.dev {
            build.arg("--release");
        }
        program::run(&mut build)?;
        let stormdb = Stormdb::built(workspace, profile);
        program::run(&mut stormdb.command(["pg", "install"]))?;
        let plugins = [scenarios::plugin()];
        let bundles = bundles::sign(workspace, &stormdb, profile, "compare", &plugins)?;
        let cluster = Cluster::start(&stormdb.pg_status()?.programs)?;
        let scratch = tempfile::tempdir().context("cannot make a temporary folder")?;
        let bench = Self { stormdb, bundles, cluster, scratch, seconds: arguments.seconds };
        program::read(bench.command(100).arg("--setup"))?;
        Ok(bench)
    }

    /// How long an operation takes, and how much longer with one more row.
    fn calibrate(&self) -> Result<Calibration> {
        let (mut once, mut twice) = (Vec::new(), Vec::new());
        for _ in 0..CALIBRATION_RUNS {
            once.push(self.run(ROWS as u32)?.1);
            twice.push(self.run(2 * ROWS as u32)?.1);
        }
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let (base_ms, twice_ms) = (mean(&once), mean(&twice));
        let calibration = Calibration { base_ms, row_ms: (twice_ms - base_ms) / ROWS };
        ensure!(calibration.row_ms > 0.0, "twice the rows took no longer: the machine is too busy");
        anstream::eprintln!(
            "{base_ms:.3} ms for {ROWS} rows, {:.3} us for each more: 5% are {} rows, 15% are {}",
            calibration.row_ms * 1000.0,
            calibration.rows(Side::Slow5),
            calibration.rows(Side::Slow15)
        );
        Ok(calibration)
    }

    fn measure(
        &self,
        blocks: usize,
        calibration: &Calibration,
        interrupt: &Interrupt,
    ) -> Result<Runs> {
        let mut runs = Runs::default();
        for block in 0..blocks {
            if interrupt.asked() {
                break;
            }
            let mut ids = Vec::new();
            for side in order(block) {
                ids.push((side, self.run(calibration.rows(side))?.0));
            }
            for (side, id) in ids {
                match side {
                    Side::Base => runs.base.push(id),
                    Side::Equal => runs.equal.push(id),
                    Side::Slow5 => runs.slow5.push(id),
                    Side::Slow15 => runs.slow15.push(id),
                }
            }
            anstream::eprintln!("block {} of {blocks}", block + 1);
        }
        Ok(runs)
    }

    fn judge(&self, runs: &Runs) -> Result<ExitCode> {
        let (wolf, equal) = self.found(&runs.base, &runs.equal, EQUAL_PAIRS)?;
        anstream::println!(
            "equal runs: {wolf} of {equal} comparisons of {EQUAL_PAIRS} pairs found a regression (goal: at most 1 of 20)"
        );
        let mut good = wolf * 20 <= equal.max(20);
        for (percent, slow) in [(5, &runs.slow5), (15, &runs.slow15)] {
            for pairs in SLOW_PAIRS.into_iter().filter(|pairs| *pairs <= slow.len()) {
                let (found, all) = self.found(&runs.base, slow, pairs)?;
                anstream::println!(
                    "{percent}% slower: found in {found} of {all} comparisons of {pairs} pairs"
                );
            }
            let whole = self.compare(&runs.base, slow)?;
            let tps = whole.compared.iter().find(|row| row.metric == "tps");
            let change = tps.and_then(|row| row.change).unwrap_or_default() * 100.0;
            anstream::println!(
                "{percent}% slower, all {} pairs: {}, measured {change:+.2}% TPS; {}",
                slow.len(),
                if whole.regression { "found" } else { "not found" },
                whole.power.unwrap_or_default()
            );
            good &= whole.regression;
        }
        Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// How many of the comparisons of so many neighbouring pairs found a regression, and of how many.
    fn found(&self, base: &[String], new: &[String], pairs: usize) -> Result<(usize, usize)> {
        let (mut found, mut all) = (0, 0);
        for (base, new) in base.chunks_exact(pairs).zip(new.chunks_exact(pairs)) {
            found += usize::from(self.compare(base, new)?.regression);
            all += 1;
        }
        Ok((found, all))
    }

    fn compare(&self, base: &[String], new: &[String]) -> Result<Compared> {
        let mut command = self.stormdb.command(["compare", "--json", "--annotations", "none"]);
        command.args([base.join(","), new.join(",")]).env("XDG_DATA_HOME", self.scratch.path());
        // A regression is a result here and no failure.
        let output =
            command.stderr(Stdio::inherit()).output().context("cannot run stormdb compare")?;
        serde_json::from_slice(&output.stdout).context("the result of stormdb compare --json")
    }

    /// One run; its id and the mean milliseconds of its operations.
    fn run(&self, rows: u32) -> Result<(String, f64)> {
        let output = program::read(&mut self.command(rows))?;
        let Ran { metadata, bands: [band] } =
            serde_json::from_str(&output).context("the result of stormdb run --json")?;
        Ok((metadata.run_id, band.performance.avg_latency_ms))
    }

    /// One worker: with two, server and load would compete for the cores of a small machine.
    fn command(&self, rows: u32) -> Command {
        let mut command = self.stormdb.command(["run", "--quiet", "--json"]);
        command.args(["--workload", "scenarios", "--workers", "1", "--connections", "1"]);
        command.arg("--duration").arg(format!("{}s", self.seconds));
        command.arg("--set").arg(format!("workload_config={{strain: compute, rows: {rows}}}"));
        command.args(["--set", "collect_pg_stats=false"]);
        command.args(["--set", "progressive={enabled: false, export: {csv: false, json: false}}"]);
        command.args(self.cluster.flags(Transport::Unix));
        command.arg("--plugins").arg(&self.bundles.folder);
        command.arg("--trust-store").arg(&self.bundles.trust_store);
        command.env("XDG_DATA_HOME", self.scratch.path()).stdin(Stdio::null());
        command
    }
}

/// The runs of a block: rotated and turned round from block to block, so that no side is always first.
fn order(block: usize) -> [Side; 4] {
    let mut sides = [Side::Base, Side::Equal, Side::Slow5, Side::Slow15];
    sides.rotate_left(block / 2 % 4);
    if block % 2 == 1 {
        sides.reverse();
    }
    sides
}

#[cfg(test)]
mod tests {
    use super::{Calibration, Side, order};

    #[test]
    fn every_side_has_every_place_in_eight_blocks() {
        for side in [Side::Base, Side::Equal, Side::Slow5, Side::Slow15] {
            for place in 0..4 {
                let times = (0..8).filter(|block| order(*block)[place] == side).count();
                assert_eq!(times, 2, "{side:?} at {place}");
            }
        }
    }

    #[test]
    fn a_slowdown_is_of_the_whole_response_time() {
        // A tenth of a millisecond is overhead that more rows do not grow.
        let calibration = Calibration { base_ms: 1.1, row_ms: 0.000_25 };
        assert_eq!(calibration.rows(Side::Base), 4000);
        assert_eq!(calibration.rows(Side::Slow5), 4220);
        assert_eq!(calibration.rows(Side::Slow15), 4660);
    }
}
