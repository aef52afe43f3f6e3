//! What was promised of the ratios, and whether it was kept.

use super::{
    configuration::{Configuration, Contestant, Work},
    measured::{Against, Measure, Measured},
};
use crate::bench::statistics::GeometricMean;

/// Below this number of pairs noise decides.
const FEWEST_PAIRS: usize = 60;

/// A row of the table of goals.
#[derive(Debug)]
pub(crate) struct Goal {
    pub(crate) name: &'static str,
    pub(crate) works: &'static [Work],
    pub(crate) subject: Contestant,
    pub(crate) against: Against,
    /// The least geometric mean of the throughput ratios.
    throughput: f64,
    /// The least throughput ratio of any configuration.
    lowest: Option<f64>,
    /// The greatest geometric mean of the ratios of CPU time per transaction.
    cpu: f64,
}

const PLAIN: &[Work] = &[Work::Select, Work::Tpcb];
const PIPELINES: &[Work] = &[Work::SelectPipeline, Work::TpcbPipeline];

pub(crate) const GOALS: &[Goal] = &[
    Goal {
        name: "select-only and TPC-B-like, prepared",
        works: PLAIN,
        subject: Contestant::Wire,
        against: Against::BothPgbench,
        throughput: 1.05,
        lowest: Some(0.95),
        cpu: 0.80,
    },
    Goal {
        name: "the same through tokio-postgres",
        works: PLAIN,
        subject: Contestant::TokioPostgres,
        against: Against::BothPgbench,
        throughput: 0.97,
        lowest: Some(0.85),
        cpu: 1.05,
    },
    Goal {
        name: "TPC-B-like and ten selects as one pipeline, against pgbench's pipelines",
        works: PIPELINES,
        subject: Contestant::Wire,
        against: Against::BothPgbench,
        throughput: 1.05,
        lowest: None,
        cpu: 1.0,
    },
    Goal {
        name: "TPC-B-like as one pipeline, against plain TPC-B",
        works: &[Work::TpcbPipeline],
        subject: Contestant::Wire,
        against: Against::One(Contestant::PgbenchPlain),
        throughput: 1.8,
        lowest: None,
        cpu: 0.25,
    },
];

/// pgbench beside itself.
pub(crate) const NOISE: &[(&str, &[Work])] =
    &[("select-only and TPC-B-like", PLAIN), ("pipelines", PIPELINES)];

/// A goal beside what was measured.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) throughput: Cell,
    pub(crate) lowest: Option<(Configuration, Cell)>,
    pub(crate) cpu: Cell,
}

/// One figure, its bound and what follows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cell {
    pub(crate) found: GeometricMean,
    pub(crate) bound: Bound,
    pub(crate) verdict: Verdict,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed,
    Missed,
    /// Too few pairs, or not every kind of transaction of the goal.
    Open,
}

impl Goal {
    /// What was measured of it; nothing where no round was.
    pub(crate) fn outcome(&self, measured: &Measured) -> Option<Outcome> {
        let &Self { name: _, works, subject, against, throughput, lowest, cpu } = self;
        let has = |work: &Work| measured.configurations().any(|found| found.work == *work);
        let overall = |measure| measured.ratio(works, subject, against, measure);
        let found = overall(Measure::Throughput)?;
        let decides = found.pairs >= FEWEST_PAIRS && works.iter().all(has);
        let cell = |found, bound| Cell::new(found, bound, decides);
        let each = measured.configurations().filter(|found| works.contains(&found.work));
        let each = each.filter_map(|configuration| {
            let of = measured.ratio_of(configuration, subject, against, Measure::Throughput)?;
            Some((configuration, of))
        });
        let least = each.min_by(|(_, one), (_, other)| one.ratio.total_cmp(&other.ratio));
        Some(Outcome {
            throughput: cell(found, Bound::AtLeast(throughput)),
            lowest: lowest.zip(least).map(|(bound, (configuration, found))| {
                (configuration, cell(found, Bound::AtLeast(bound)))
            }),
            cpu: cell(overall(Measure::Cpu)?, Bound::AtMost(cpu)),
        })
    }
}

impl Cell {
    fn new(found: GeometricMean, bound: Bound, decides: bool) -> Self {
        let kept = match bound {
            Bound::AtLeast(least) => found.ratio >= least,
            Bound::AtMost(most) => found.ratio <= most,
        };
        let verdict = match (decides, kept) {
            (false, _) => Verdict::Open,
            (true, true) => Verdict::Passed,
            (true, false) => Verdict::Missed,
        };
        Self { found, bound, verdict }
    }
}

#[cfg(test)]
mod tests {
    use super::{GOALS, Goal, Verdict};
    use crate::bench::pgbench::{configuration::Work, measured::tests::measured};

    const PLAIN: &[Work] = &[Work::Select, Work::Tpcb];

    fn verdicts(
        goal: &Goal,
        works: &[Work],
        rounds: u32,
        speed: f64,
        cpu: f64,
    ) -> (Verdict, Option<Verdict>, Verdict) {
        let outcome = goal.outcome(&measured(works, rounds, speed, cpu)).unwrap();
        let lowest = outcome.lowest.map(|(_, cell)| cell.verdict);
        (outcome.throughput.verdict, lowest, outcome.cpu.verdict)
    }

    #[test]
    fn each_figure_has_its_own_verdict() {
        use Verdict::{Missed, Passed};
        let wire = |speed, cpu| verdicts(&GOALS[0], PLAIN, 5, speed, cpu);
        assert_eq!(wire(1.06, 0.79), (Passed, Some(Passed), Passed));
        assert_eq!(wire(1.04, 0.81), (Missed, Some(Passed), Missed));
        assert_eq!(wire(0.94, 0.79), (Missed, Some(Missed), Passed));
        let plain = |speed, cpu| verdicts(&GOALS[3], &[Work::TpcbPipeline], 10, speed, cpu);
        assert_eq!(plain(1.81, 0.26), (Passed, None, Missed));
    }

    #[test]
    fn too_few_pairs_decide_nothing() {
        use Verdict::{Open, Passed};
        // Twelve configurations: four rounds are 48 pairs, five are 60.
        assert_eq!(verdicts(&GOALS[0], PLAIN, 4, 2.0, 0.5), (Open, Some(Open), Open));
        assert_eq!(verdicts(&GOALS[0], PLAIN, 5, 2.0, 0.5), (Passed, Some(Passed), Passed));
    }

    #[test]
    fn half_of_the_work_decides_nothing() {
        let open = (Verdict::Open, Some(Verdict::Open), Verdict::Open);
        assert_eq!(verdicts(&GOALS[0], &[Work::Select], 20, 2.0, 0.5), open);
        assert!(GOALS[2].outcome(&measured(PLAIN, 1, 1.0, 1.0)).is_none());
    }
}
