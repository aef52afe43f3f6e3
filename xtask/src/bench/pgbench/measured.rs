//! What the trials gave, and the ratios within their rounds.

use std::collections::BTreeMap;

use super::configuration::{Configuration, Contestant, Work};
use crate::bench::statistics::{GeometricMean, median};

/// One contestant at one configuration for some seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Trial {
    /// Transactions per second, without the time that connecting took.
    pub(crate) tps: f64,
    /// CPU microseconds of the client per transaction.
    pub(crate) cpu_us: f64,
}

/// Every contestant of a configuration once, one soon after the other.
pub(crate) type Round = BTreeMap<Contestant, Trial>;

/// All rounds of all configurations.
#[derive(Debug, Default)]
pub(crate) struct Measured {
    rounds: BTreeMap<Configuration, Vec<Round>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    Throughput,
    Cpu,
}

/// What a contestant is measured by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Against {
    /// The geometric mean of pgbench's two trials of the round, which is less noisy than one.
    BothPgbench,
    One(Contestant),
}

impl Measured {
    pub(crate) fn add(&mut self, configuration: Configuration, round: Round) {
        self.rounds.entry(configuration).or_default().push(round);
    }

    pub(crate) fn configurations(&self) -> impl Iterator<Item = Configuration> {
        self.rounds.keys().copied()
    }

    /// The ratio over all configurations of these kinds of transaction.
    pub(crate) fn ratio(
        &self,
        works: &[Work],
        subject: Contestant,
        against: Against,
        measure: Measure,
    ) -> Option<GeometricMean> {
        let groups = self.rounds.iter().filter(|(found, _)| works.contains(&found.work));
        let groups = groups.map(|(_, rounds)| log_ratios(rounds, subject, against, measure));
        GeometricMean::of_logs(&groups.collect::<Vec<_>>())
    }

    /// The ratio of one configuration.
    pub(crate) fn ratio_of(
        &self,
        configuration: Configuration,
        subject: Contestant,
        against: Against,
        measure: Measure,
    ) -> Option<GeometricMean> {
        let rounds = self.rounds.get(&configuration)?;
        GeometricMean::of_logs(&[log_ratios(rounds, subject, against, measure)])
    }

    /// The medians of a contestant's throughput and CPU time over the rounds.
    pub(crate) fn typical(
        &self,
        configuration: Configuration,
        contestant: Contestant,
    ) -> Option<Trial> {
        let rounds = self.rounds.get(&configuration)?;
        let trials = || rounds.iter().filter_map(|round| round.get(&contestant));
        let tps = median(trials().map(|trial| trial.tps))?;
        Some(Trial { tps, cpu_us: median(trials().map(|trial| trial.cpu_us))? })
    }
}

impl Trial {
    fn log(self, measure: Measure) -> f64 {
        match measure {
            Measure::Throughput => self.tps.ln(),
            Measure::Cpu => self.cpu_us.ln(),
        }
    }
}

/// One number per round that has both sides.
fn log_ratios(
    rounds: &[Round],
    subject: Contestant,
    against: Against,
    measure: Measure,
) -> Vec<f64> {
    let log = |round: &Round, contestant| round.get(&contestant).map(|trial| trial.log(measure));
    let of_round = |round: &Round| {
        let against = match against {
            Against::One(contestant) => log(round, contestant)?,
            Against::BothPgbench => f64::midpoint(
                log(round, Contestant::Pgbench)?,
                log(round, Contestant::PgbenchAgain)?,
            ),
        };
        Some(log(round, subject)? - against)
    };
    rounds.iter().filter_map(of_round).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Against, Measure, Measured, Round, Trial};
    use crate::bench::{
        cluster::Transport,
        pgbench::configuration::{Configuration, Contestant, Work, combinations},
    };

    /// Rounds that differ in speed; within a round the wire connection has `speed` times pgbench's
    /// throughput and `cpu` times its CPU time.
    pub(crate) fn measured(works: &[Work], rounds: u32, speed: f64, cpu: f64) -> Measured {
        let mut measured = Measured::default();
        for configuration in combinations(works, &[8, 16, 32], &[1, 2], &[Transport::Unix]) {
            for round in 1..=rounds {
                let pace = f64::from(round);
                let trial = |contestant: &Contestant| match contestant {
                    Contestant::Wire => Trial { tps: 100.0 * pace * speed, cpu_us: 10.0 * cpu },
                    _ => Trial { tps: 100.0 * pace, cpu_us: 10.0 },
                };
                let contestants = configuration.work.contestants();
                let round: Round =
                    contestants.iter().map(|contestant| (*contestant, trial(contestant))).collect();
                measured.add(configuration, round);
            }
        }
        measured
    }

    #[test]
    fn ratios_are_of_trials_of_the_same_round() {
        let measured = measured(&[Work::Select], 3, 1.1, 0.8);
        let ratio = |measure| {
            let mean =
                measured.ratio(&[Work::Select], Contestant::Wire, Against::BothPgbench, measure);
            let mean = mean.unwrap();
            (format!("{:.4}", mean.ratio), mean.pairs)
        };
        assert_eq!(ratio(Measure::Throughput), ("1.1000".to_owned(), 18));
        assert_eq!(ratio(Measure::Cpu), ("0.8000".to_owned(), 18));
        let configuration = measured.configurations().next().unwrap();
        let typical = measured.typical(configuration, Contestant::Pgbench).unwrap();
        assert_eq!(typical, Trial { tps: 200.0, cpu_us: 10.0 });
    }

    #[test]
    fn two_runs_of_pgbench_count_by_their_geometric_mean() {
        let configuration =
            Configuration { work: Work::Select, clients: 8, threads: 1, transport: Transport::Tcp };
        let trial = |tps| Trial { tps, cpu_us: 1.0 };
        let mut measured = Measured::default();
        let round = [
            (Contestant::Pgbench, trial(100.0)),
            (Contestant::PgbenchAgain, trial(400.0)),
            (Contestant::Wire, trial(300.0)),
        ];
        measured.add(configuration, round.into());
        let ratio = |subject, against| {
            let mean = measured.ratio_of(configuration, subject, against, Measure::Throughput);
            mean.map(|mean| format!("{:.2}", mean.ratio))
        };
        assert_eq!(ratio(Contestant::Wire, Against::BothPgbench).as_deref(), Some("1.50"));
        let first = Against::One(Contestant::Pgbench);
        assert_eq!(ratio(Contestant::PgbenchAgain, first).as_deref(), Some("4.00"));
        assert_eq!(ratio(Contestant::TokioPostgres, first), None);
    }
}
