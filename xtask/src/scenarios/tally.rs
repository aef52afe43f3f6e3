//! How often the verdict was right, how often it said nothing, and whether its confidence means something.

use std::{collections::BTreeSet, fmt::Write as _};

use anyhow::Result;
use stormdb_analysis::bottleneck::calibration::{Calibration, RawScore, fit_temperature};

use super::{
    OTHERS_CPU_MAX,
    judged::{Judged, Outcome},
    library::Expected,
};

/// Runs of one bin of the reliability table.
const BIN: usize = 20;

/// What the goal asks for.
const COVERAGE: f64 = 0.75;
const ACCURACY: f64 = 0.9;

/// Confidence from which a limit is named, and others to compare with.
const THRESHOLDS: [f64; 5] = [0.5, 0.6, 0.7, 0.8, 0.9];

/// The judged runs together.
#[derive(Debug)]
pub(super) struct Tally<'a> {
    runs: &'a [Judged],
}

impl<'a> Tally<'a> {
    pub(super) fn of(runs: &'a [Judged]) -> Self {
        Self { runs }
    }

    fn count(&self, outcome: Outcome) -> usize {
        self.runs.iter().filter(|run| run.outcome == outcome).count()
    }

    pub(super) fn wrong_controls(&self) -> usize {
        let wrong = |run: &&Judged| run.scenario.is_control() && run.outcome == Outcome::Wrong;
        self.runs.iter().filter(wrong).count()
    }

    /// Everything, as Markdown.
    pub(super) fn text(&self) -> Result<String> {
        let parts = [self.summary(), self.confusion(), self.doubts(), self.reliability()?];
        Ok(parts.join("\n"))
    }

    fn summary(&self) -> String {
        let [right, wrong, abstained] =
            [Outcome::Right, Outcome::Wrong, Outcome::Abstained].map(|one| self.count(one));
        let coverage = share(right + wrong, right + wrong + abstained);
        let accuracy = share(right, right + wrong);
        let said: Vec<(f64, bool)> = self
            .runs
            .iter()
            .filter(|run| run.outcome != Outcome::Abstained && run.reason.is_none())
            .filter_map(|run| Some((run.confidence?, run.outcome == Outcome::Right)))
            .collect();
        let others = self.runs.iter().filter_map(|run| run.others_cpu).reduce(f64::max);
        let met = |met| if met { "met" } else { "**not met**" };
        format!(
            "| what | is | goal | |\n|---|---:|---:|---|\n\
             | runs | {} | | |\n\
             | coverage: a limit, or none, was named | {} | ≥ {} | {} |\n\
             | accuracy: of these, right | {} | ≥ {} | {} |\n\
             | wrong on the controls | {} | 0 | {} |\n\
             | Brier score of the confidence as printed | {} | | |\n\
             | processors' time that other programs took, at most | {} | ≤ 15 % | {} |\n",
            self.runs.len(),
            percent(coverage),
            percent(Some(COVERAGE)),
            met(coverage.is_some_and(|found| found >= COVERAGE)),
            percent(accuracy),
            percent(Some(ACCURACY)),
            met(accuracy.is_some_and(|found| found >= ACCURACY)),
            self.wrong_controls(),
            met(self.wrong_controls() == 0),
            brier(&said).map_or_else(|| "-".to_owned(), |score| format!("{score:.3}")),
            percent(others),
            met(others.is_none_or(|share| share <= OTHERS_CPU_MAX)),
        )
    }

    /// Scenarios by verdict.
    fn confusion(&self) -> String {
        let verdicts: BTreeSet<&str> = self.runs.iter().map(|run| run.verdict.as_str()).collect();
        let mut text = format!("| scenario | expected | {} |\n", join(&verdicts, " | "));
        let _always_ok = writeln!(text, "|---|---|{}", "---:|".repeat(verdicts.len()));
        let mut seen = BTreeSet::new();
        for run in self.runs {
            let scenario = run.scenario;
            if !seen.insert(scenario.id) {
                continue;
            }
            let of = |verdict: &str| {
                let same =
                    |other: &&Judged| other.scenario.id == scenario.id && other.verdict == verdict;
                match self.runs.iter().filter(same).count() {
                    0 => String::new(),
                    count => count.to_string(),
                }
            };
            let cells: Vec<String> = verdicts.iter().map(|verdict| of(verdict)).collect();
            let expected = expected(scenario.expected);
            let _always_ok = writeln!(
                text,
                "| {} {} | {expected} | {} |",
                scenario.id,
                scenario.title,
                cells.join(" | ")
            );
        }
        text
    }

    /// Every run whose verdict is wrong or missing.
    fn doubts(&self) -> String {
        let mut text = String::new();
        for run in self.runs.iter().filter(|run| run.outcome != Outcome::Right) {
            let shares: Vec<String> = run
                .shares
                .iter()
                .take(3)
                .map(|(name, share)| format!("{name} {share:.2}"))
                .collect();
            let what = match (&run.reason, &run.candidate) {
                (Some(reason), Some(candidate)) => format!("{reason}, {candidate} on top"),
                (Some(reason), None) => reason.clone(),
                (None, _) => run.verdict.clone(),
            };
            let _always_ok = writeln!(
                text,
                "- {} strength {} repeat {}: {} at {} workers ({what}; {})",
                run.scenario.id,
                run.entry.strength,
                run.entry.repeat,
                if run.outcome == Outcome::Wrong { "wrong" } else { "undetermined" },
                run.workers,
                shares.join(", "),
            );
        }
        if text.is_empty() { "Every verdict was right.\n".to_owned() } else { text }
    }

    /// Whether confidence is what it says: each scenario is judged by a map fitted on the others.
    fn reliability(&self) -> Result<String> {
        let held_out = self.held_out()?;
        let Some(score) = brier(&held_out) else { return Ok(String::new()) };
        let mut text = format!(
            "Each scenario judged by a calibration fitted on the other ones ({} runs): Brier score {score:.3}.\n\n\
             | confidence, mean | right | runs |\n|---:|---:|---:|\n",
            held_out.len()
        );
        for bin in bins(&held_out) {
            let mean = bin.iter().map(|(confidence, _)| confidence).sum::<f64>() / bin.len() as f64;
            let right = bin.iter().filter(|(_, right)| *right).count();
            let right = percent(share(right, bin.len()));
            let _always_ok = writeln!(text, "| {mean:.2} | {right} | {} |", bin.len());
        }
        text.push_str("\n| named from | coverage | accuracy |\n|---:|---:|---:|\n");
        for threshold in THRESHOLDS {
            let named: Vec<bool> = held_out
                .iter()
                .filter(|(confidence, _)| *confidence >= threshold)
                .map(|(_, right)| *right)
                .collect();
            let right = named.iter().filter(|right| **right).count();
            let _always_ok = writeln!(
                text,
                "| {threshold} | {} | {} |",
                percent(share(named.len(), held_out.len())),
                percent(share(right, named.len()))
            );
        }
        Ok(text)
    }

    /// Confidence and outcome of every run that was weighed, the least sure first.
    fn held_out(&self) -> Result<Vec<(f64, bool)>> {
        let mut found = Vec::new();
        let scenarios: BTreeSet<&str> = self.runs.iter().map(|run| run.scenario.id).collect();
        for id in scenarios {
            let (own, others): (Vec<&Judged>, Vec<&Judged>) =
                self.runs.iter().partition(|run| run.scenario.id == id);
            let Some(map) = fit(&others, 0)? else { continue };
            found.extend(own.iter().filter_map(|run| {
                let (score, right) = run.weighed()?;
                Some((score.confidence(Some(&map)).value, right))
            }));
        }
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok(found)
    }
}

/// The map of these runs; nothing where none was weighed.
pub(super) fn fit(runs: &[&Judged], version: u32) -> Result<Option<Calibration>> {
    let weighed: Vec<(RawScore, bool)> = runs.iter().filter_map(|run| run.weighed()).collect();
    if weighed.is_empty() {
        return Ok(None);
    }
    let odds: Vec<f64> = weighed.iter().map(|(score, _)| score.log_odds()).collect();
    let right: Vec<bool> = weighed.iter().map(|(_, right)| *right).collect();
    let servers: BTreeSet<&str> =
        runs.iter().filter_map(|run| run.entry.server.split('.').next()).collect();
    Ok(Some(Calibration {
        version,
        runs: u32::try_from(weighed.len())?,
        servers: join(&servers, ", "),
        temperature: fit_temperature(&odds, &right)?,
    }))
}

fn expected(expected: Expected) -> String {
    match expected {
        Expected::Nothing => "none".to_owned(),
        Expected::OneOf(names) => names.join(" or "),
        Expected::Both(one, other) => format!("{one} and {other} from 0.3 each, or undetermined"),
    }
}

/// Mean squared distance of confidence and truth (Brier, Monthly Weather Review 78 (1950)).
fn brier(said: &[(f64, bool)]) -> Option<f64> {
    let squares = said.iter().map(|(confidence, right)| {
        let truth = if *right { 1.0 } else { 0.0 };
        (confidence - truth).powi(2)
    });
    (!said.is_empty()).then(|| squares.sum::<f64>() / said.len() as f64)
}

/// Of at least [`BIN`] runs each, where there are as many.
fn bins(sorted: &[(f64, bool)]) -> impl Iterator<Item = &[(f64, bool)]> {
    let number = (sorted.len() / BIN).max(1);
    (0..number).map(move |bin| {
        let end = if bin + 1 == number { sorted.len() } else { (bin + 1) * BIN };
        &sorted[bin * BIN..end]
    })
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(|| "-".to_owned(), |share| format!("{:.0} %", 100.0 * share))
}

fn join(words: &BTreeSet<&str>, between: &str) -> String {
    words.iter().copied().collect::<Vec<_>>().join(between)
}

#[cfg(test)]
mod tests {
    use super::{bins, brier};

    #[test]
    fn certainty_that_is_wrong_costs_most() {
        let score = |said: &[(f64, bool)]| brier(said).unwrap();
        assert!(score(&[(1.0, true)]).abs() < 1e-12);
        assert!((score(&[(1.0, false)]) - 1.0).abs() < 1e-12);
        assert!((score(&[(0.5, true), (0.5, false)]) - 0.25).abs() < 1e-12);
        assert_eq!(brier(&[]), None);
    }

    #[test]
    fn the_last_bin_takes_the_rest() {
        let runs = vec![(0.9, true); 47];
        assert_eq!(bins(&runs).map(<[_]>::len).collect::<Vec<_>>(), [20, 27]);
        assert_eq!(bins(&runs[..7]).map(<[_]>::len).collect::<Vec<_>>(), [7]);
    }
}
