//! The figures as Markdown.

use std::fmt::Write as _;

use super::{
    configuration::{Configuration, Contestant, Work},
    goals::{Bound, Cell, GOALS, NOISE, Outcome, Verdict},
    measured::{Against, Measure, Measured, Trial},
};
use crate::bench::statistics::GeometricMean;

const AGAIN: (Contestant, Against) = (Contestant::PgbenchAgain, Against::One(Contestant::Pgbench));
const WIRE: (Contestant, Against) = (Contestant::Wire, Against::BothPgbench);
const TOKIO: (Contestant, Against) = (Contestant::TokioPostgres, Against::BothPgbench);
const PLAIN: (Contestant, Against) = (Contestant::Wire, Against::One(Contestant::PgbenchPlain));

/// Every goal with what was measured of it.
pub(crate) fn goals(measured: &Measured) -> String {
    let mut text =
        "| work | pairs | throughput | lowest configuration | client CPU per transaction |\n\
                    |---|---:|---|---|---|\n"
            .to_owned();
    for goal in GOALS {
        let line = match goal.outcome(measured) {
            None => format!("| {} | 0 | not measured | | |", goal.name),
            Some(Outcome { throughput, lowest, cpu }) => {
                let lowest = lowest.map_or_else(
                    || "–".to_owned(),
                    |(configuration, found)| format!("{} ({configuration})", cell(&found)),
                );
                let (pairs, throughput, cpu) =
                    (throughput.found.pairs, cell(&throughput), cell(&cpu));
                format!("| {} | {pairs} | {throughput} | {lowest} | {cpu} |", goal.name)
            }
        };
        // Writing to a String cannot fail.
        let _always_ok = writeln!(text, "{line}");
    }
    text
}

/// pgbench beside itself, and tokio-postgres beside the own connection.
pub(crate) fn controls(measured: &Measured) -> String {
    let mut text = String::new();
    for (name, works) in NOISE {
        let ratio = |measure| measured.ratio(works, AGAIN.0, AGAIN.1, measure);
        if let Some((tps, cpu)) = ratio(Measure::Throughput).zip(ratio(Measure::Cpu)) {
            let _always_ok = writeln!(
                text,
                "- **A/A**, pgbench beside itself, {name}: throughput {}, {}; client CPU {}, {}. {} pairs.",
                mean(&tps),
                contains_one(&tps),
                mean(&cpu),
                contains_one(&cpu),
                tps.pairs,
            );
        }
    }
    let tax = |measure| {
        let against = Against::One(Contestant::Wire);
        measured.ratio(&[Work::Select, Work::Tpcb], Contestant::TokioPostgres, against, measure)
    };
    if let Some((tps, cpu)) = tax(Measure::Throughput).zip(tax(Measure::Cpu)) {
        let _always_ok = writeln!(
            text,
            "- **Driver tax**, tokio-postgres in place of the own connection: throughput {}, client CPU {}. {} pairs.",
            mean(&tps),
            mean(&cpu),
            tps.pairs,
        );
    }
    text
}

/// Every configuration of single statements, then every one of pipelines.
pub(crate) fn configurations(measured: &Measured) -> String {
    let plain = table(
        measured,
        &[Work::Select, Work::Tpcb],
        &["wire", "tokio-postgres", "A/A"],
        &[WIRE, TOKIO, AGAIN],
    );
    let pipelines = table(
        measured,
        &[Work::SelectPipeline, Work::TpcbPipeline],
        &["wire", "A/A", "wire against plain TPC-B"],
        &[WIRE, AGAIN, PLAIN],
    );
    let tables = [plain, pipelines].into_iter().flatten();
    tables.collect::<Vec<_>>().join("\n")
}

/// Median throughput and CPU of pgbench and of the own connection, then a pair of ratios per
/// comparison.
fn table(
    measured: &Measured,
    works: &[Work],
    names: &[&str],
    comparisons: &[(Contestant, Against)],
) -> Option<String> {
    let mut lines = measured
        .configurations()
        .filter(|configuration| works.contains(&configuration.work))
        .map(|configuration| line(measured, configuration, comparisons))
        .peekable();
    lines.peek()?;
    let mut head =
        "| work | clients | threads | transport | pgbench TPS | µs | wire TPS | µs |".to_owned();
    let mut rule = "|---|---:|---:|---|---:|---:|---:|---:|".to_owned();
    for name in names {
        let _always_ok = write!(head, " {name} TPS ratio | CPU ratio |");
        rule.push_str("---|---|");
    }
    Some([head, rule].into_iter().chain(lines).map(|line| line + "\n").collect())
}

fn line(
    measured: &Measured,
    configuration: Configuration,
    comparisons: &[(Contestant, Against)],
) -> String {
    let Configuration { work, clients, threads, transport } = configuration;
    let mut line = format!("| {work} | {clients} | {threads} | {} |", transport.name());
    for contestant in [Contestant::Pgbench, Contestant::Wire] {
        let cells = match measured.typical(configuration, contestant) {
            Some(Trial { tps, cpu_us }) => format!(" {tps:.0} | {cpu_us:.1} |"),
            None => " – | – |".to_owned(),
        };
        line.push_str(&cells);
    }
    for (subject, against) in comparisons {
        for measure in [Measure::Throughput, Measure::Cpu] {
            let ratio = measured.ratio_of(configuration, *subject, *against, measure);
            let shown = ratio.map_or_else(|| "–".to_owned(), |ratio| mean(&ratio));
            let _always_ok = write!(line, " {shown} |");
        }
    }
    line
}

/// Such as `1.06 (1.04 to 1.08), ≥ 1.05: **passed**`.
fn cell(cell: &Cell) -> String {
    let Cell { found, bound, verdict } = cell;
    let bound = match bound {
        Bound::AtLeast(least) => format!("≥ {least:.2}"),
        Bound::AtMost(most) => format!("≤ {most:.2}"),
    };
    let verdict = match verdict {
        Verdict::Passed => "**passed**",
        Verdict::Missed => "**missed**",
        Verdict::Open => "no verdict",
    };
    format!("{}, {bound}: {verdict}", mean(found))
}

/// Such as `0.971 (0.930 to 1.024)`.
fn mean(mean: &GeometricMean) -> String {
    let GeometricMean { ratio, interval, pairs: _ } = mean;
    match interval {
        Some((low, high)) => format!("{ratio:.3} ({low:.3} to {high:.3})"),
        None => format!("{ratio:.3}"),
    }
}

fn contains_one(mean: &GeometricMean) -> &'static str {
    match mean.interval {
        None => "no interval",
        Some((low, high)) if low <= 1.0 && 1.0 <= high => "which contains 1.0",
        Some(_) => "which does **not** contain 1.0: something other than the programs differed",
    }
}

#[cfg(test)]
mod tests {
    use super::{configurations, controls, goals};
    use crate::bench::pgbench::{configuration::Work, measured::tests::measured};

    #[test]
    fn goals_show_figure_bound_and_verdict() {
        let measured = measured(&[Work::Select, Work::Tpcb], 10, 1.06, 0.9);
        let text = goals(&measured);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(
            lines[2],
            "| select-only and TPC-B-like, prepared | 120 | 1.060 (1.060 to 1.060), ≥ 1.05: \
             **passed** | 1.060 (1.060 to 1.060), ≥ 0.95: **passed** (select, 8 clients, 1 threads, \
             unix) | 0.900 (0.900 to 0.900), ≤ 0.80: **missed** |"
        );
        assert!(lines[4].ends_with("| 0 | not measured | | |"), "{}", lines[4]);
    }

    #[test]
    fn pgbench_beside_itself_says_whether_it_differs() {
        let measured = measured(&[Work::Select], 2, 1.25, 0.5);
        let text = controls(&measured);
        let mut lines = text.lines();
        assert_eq!(
            lines.next(),
            Some(
                "- **A/A**, pgbench beside itself, select-only and TPC-B-like: throughput 1.000 \
                 (1.000 to 1.000), which contains 1.0; client CPU 1.000 (1.000 to 1.000), which \
                 contains 1.0. 12 pairs."
            )
        );
        assert_eq!(
            lines.next(),
            Some(
                "- **Driver tax**, tokio-postgres in place of the own connection: throughput 0.800 \
                 (0.800 to 0.800), client CPU 2.000 (2.000 to 2.000). 12 pairs."
            )
        );
    }

    #[test]
    fn a_configuration_shows_medians_and_ratios() {
        let text = configurations(&measured(&[Work::TpcbPipeline], 1, 2.0, 0.2));
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 8);
        assert_eq!(
            lines[2],
            "| TPC-B, pipeline | 8 | 1 | unix | 100 | 10.0 | 200 | 2.0 | 2.000 | 0.200 | 1.000 | \
             1.000 | 2.000 | 0.200 |"
        );
        assert!(lines.iter().all(|line| line.matches('|').count() == 15), "{text}");
    }
}
