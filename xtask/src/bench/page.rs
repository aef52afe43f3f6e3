//! The figures as a table on the terminal and as a page of the documentation.

use std::fmt::Write as _;

use super::{
    pgbench::{Round, Work},
    trial::{Ratio, Spread},
};

/// One configuration over all its rounds.
#[derive(Debug)]
pub(crate) struct Row {
    work: Work,
    clients: u32,
    pgbench_tps: Spread,
    stormdb_tps: Spread,
    pgbench_cpu_us: Spread,
    stormdb_cpu_us: Spread,
    /// stormdb over pgbench.
    ratio: Ratios,
    /// pgbench over pgbench.
    noise: Ratios,
}

#[derive(Debug)]
struct Ratios {
    tps: Spread,
    cpu: Spread,
}

/// What `docs/reference/benchmarks.md` is made of.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    pub(crate) rows: &'a [Row],
    pub(crate) rounds: u32,
    pub(crate) seconds: u32,
    pub(crate) seed: u64,
    pub(crate) machine: String,
    pub(crate) postgres: &'a str,
    pub(crate) stormdb: String,
    pub(crate) rustc: String,
    pub(crate) command: String,
}

impl Row {
    /// Nothing of no rounds.
    pub(crate) fn of(work: Work, clients: u32, rounds: &[Round]) -> Option<Self> {
        let over = |number: fn(&Round) -> f64| Spread::of(rounds.iter().map(number));
        Some(Self {
            work,
            clients,
            pgbench_tps: over(|round| round.pgbench.tps)?,
            stormdb_tps: over(|round| round.stormdb.tps)?,
            pgbench_cpu_us: over(|round| round.pgbench.cpu_us)?,
            stormdb_cpu_us: over(|round| round.stormdb.cpu_us)?,
            ratio: Ratios::of(rounds, |round| round.stormdb.over(round.pgbench))?,
            noise: Ratios::of(rounds, |round| round.pgbench_again.over(round.pgbench))?,
        })
    }
}

impl Ratios {
    fn of(rounds: &[Round], ratio: fn(&Round) -> Ratio) -> Option<Self> {
        let ratios: Vec<Ratio> = rounds.iter().map(ratio).collect();
        let tps = Spread::of(ratios.iter().map(|ratio| ratio.tps))?;
        let cpu = Spread::of(ratios.iter().map(|ratio| ratio.cpu))?;
        Some(Self { tps, cpu })
    }
}

/// The head of the table on the terminal.
pub(crate) fn heading() -> String {
    format!(
        "{:<7} {:>7}  {:>11} {:>11}  {:>24} {:>24}  {:>24}",
        "work",
        "clients",
        "pgbench TPS",
        "stormdb TPS",
        "throughput ratio",
        "CPU/txn ratio",
        "A/A throughput ratio",
    )
}

/// A row of the table on the terminal.
pub(crate) fn line(row: &Row) -> String {
    let Row { work, clients, pgbench_tps, stormdb_tps, ratio, noise, .. } = row;
    format!(
        "{:<7} {clients:>7}  {:>11.0} {:>11.0}  {:>24} {:>24}  {:>24}",
        name(*work),
        pgbench_tps.median,
        stormdb_tps.median,
        spread(&ratio.tps),
        spread(&ratio.cpu),
        spread(&noise.tps),
    )
}

impl Page<'_> {
    pub(crate) fn text(&self) -> String {
        let Self { rows, rounds, seconds, seed, machine, postgres, stormdb, rustc, command } = self;
        let (stormdb, rustc) = (stormdb.trim(), rustc.trim());
        let date = jiff::Zoned::now().date();
        let mut text = format!(
            "# Benchmarks\n\n\
             Written by `cargo xtask bench pgbench`; run it on your own machine before you believe it.\n\n\
             ## Beside pgbench\n\n\
             The plugin `stormdb-pgbench` sends what `pgbench -M prepared` sends: the same statements, prepared once, on \
             pgbench's own tables. Client and server share the machine, and a client that costs less leaves more to the \
             server.\n\n\
             - Each ratio is of two trials of the same round: StormDB over pgbench. A round runs pgbench, pgbench again and \
             StormDB in random order, each with a seed of its own, for {seconds} s after the same levelling (vacuum, empty \
             history, checkpoint). Shown are the median and the range of {rounds} rounds.\n\
             - **A/A** is pgbench over itself: what this machine's noise makes of no difference at all. A ratio within the \
             range of its A/A row shows nothing.\n\
             - CPU is that of the client per transaction, user and system: of pgbench its whole process, of StormDB the load \
             process while it measures. StormDB records a latency histogram meanwhile, pgbench does not.\n\
             - Throughput is without connecting in both, and neither warms up.\n\n"
        );
        text.push_str(
            "| transaction | clients | | TPS, median | client CPU µs/txn | throughput ratio | CPU/txn ratio |\n\
             |---|---:|---|---:|---:|---|---|\n",
        );
        for row in *rows {
            let Row {
                work,
                clients,
                pgbench_tps,
                stormdb_tps,
                pgbench_cpu_us,
                stormdb_cpu_us,
                ratio,
                noise,
            } = row;
            let name = name(*work);
            let lines = [
                ("StormDB", stormdb_tps, stormdb_cpu_us, ratio),
                ("A/A", pgbench_tps, pgbench_cpu_us, noise),
            ];
            for (who, tps, cpu, ratios) in lines {
                // Writing to a String cannot fail.
                let _always_ok = writeln!(
                    text,
                    "| {name} | {clients} | {who} | {:.0} | {:.1} | {} | {} |",
                    tps.median,
                    cpu.median,
                    spread(&ratios.tps),
                    spread(&ratios.cpu),
                );
            }
        }
        let _always_ok = write!(
            text,
            "\nThe A/A rows show pgbench's own throughput and CPU.\n\n\
             - {date}, `{command}`, seed {seed}\n\
             - {machine}\n\
             - {stormdb}, {rustc}; PostgreSQL and pgbench {postgres}, embedded server, scale {}\n",
            super::pgbench::SCALE,
        );
        text
    }
}

fn name(work: Work) -> &'static str {
    match work {
        Work::Select => "select",
        Work::Tpcb => "tpcb",
    }
}

/// Such as `0.97 (0.93 to 1.02)`.
fn spread(spread: &Spread) -> String {
    let Spread { median, least, most } = spread;
    format!("{median:.2} ({least:.2} to {most:.2})")
}

#[cfg(test)]
mod tests {
    use super::{Row, line};
    use crate::bench::{
        pgbench::{Round, Work},
        trial::Trial,
    };

    #[test]
    fn ratios_are_of_trials_of_the_same_round() {
        let trial = |tps, cpu_us| Trial { tps, cpu_us };
        let round = |speed: f64| Round {
            pgbench: trial(100.0 * speed, 10.0),
            pgbench_again: trial(110.0 * speed, 10.0),
            stormdb: trial(90.0 * speed, 12.0),
        };
        let row = Row::of(Work::Select, 8, &[round(1.0), round(3.0), round(2.0)]).unwrap();
        let shown: Vec<String> =
            line(&row).split("  ").map(|cell| cell.trim().to_owned()).collect();
        let shown: Vec<&str> =
            shown.iter().map(String::as_str).filter(|cell| !cell.is_empty()).collect();
        assert_eq!(
            shown,
            [
                "select",
                "8",
                "200",
                "180",
                "0.90 (0.90 to 0.90)",
                "1.20 (1.20 to 1.20)",
                "1.10 (1.10 to 1.10)"
            ]
        );
        assert!(Row::of(Work::Select, 8, &[]).is_none());
    }
}
