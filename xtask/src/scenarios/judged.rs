//! What the program says of a recorded run, and whether that is right.

use anyhow::{Context as _, Result};
use serde::Deserialize;
use stormdb_analysis::bottleneck::calibration::RawScore;

use super::{
    ledger::Entry,
    library::{Expected, Scenario},
};
use crate::{program, stormdb::Stormdb};

/// Share of the added time from which one of two limits counts.
const BOTH_MIN: f64 = 0.3;

/// A run with its verdict.
#[derive(Debug)]
pub(super) struct Judged {
    pub(super) scenario: &'static Scenario,
    pub(super) entry: Entry,
    /// `none`, `undetermined` or the component; of a client with its part, such as `client/network`.
    pub(super) verdict: String,
    /// The same for what came out on top of an undetermined band.
    pub(super) candidate: Option<String>,
    /// Why it is undetermined.
    pub(super) reason: Option<String>,
    /// Workers of the band that decided.
    pub(super) workers: u32,
    pub(super) confidence: Option<f64>,
    pub(super) score: Option<RawScore>,
    /// Components with their share of the added time, largest first.
    pub(super) shares: Vec<(String, f64)>,
    pub(super) outcome: Outcome,
    /// The largest share of the processors' time that others took in a band.
    pub(super) others_cpu: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Right,
    Wrong,
    /// Undetermined where a limit was to be named.
    Abstained,
}

/// The report, as far as it is about limits.
#[derive(Debug, Deserialize)]
struct Document {
    bands: Vec<Band>,
    analysis: Analysis,
}

#[derive(Debug, Deserialize)]
struct Band {
    band_number: u32,
    workers: u32,
    duration_seconds: Option<f64>,
    performance: Performance,
    bottleneck: Option<Bottleneck>,
    evidence: Option<Evidence>,
}

#[derive(Debug, Deserialize)]
struct Performance {
    client_cpu_seconds: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct Evidence {
    server_machine: Option<Machine>,
}

#[derive(Debug, Deserialize)]
struct Machine {
    seconds: f64,
    cores: f64,
    busy_share: Option<f64>,
    server_cpu_seconds: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct Analysis {
    bottleneck_analysis: Option<Decisive>,
}

#[derive(Debug, Deserialize)]
struct Decisive {
    band_number: u32,
}

#[derive(Debug, Deserialize)]
struct Bottleneck {
    limit: String,
    client_part: Option<String>,
    undetermined: Option<String>,
    candidate: Option<String>,
    confidence: Option<f64>,
    score: Option<Score>,
    shares: Vec<Share>,
}

#[derive(Debug, Deserialize)]
struct Score {
    probability: f64,
    margin: f64,
    corroborated: u32,
    effective_n: f64,
}

#[derive(Debug, Deserialize)]
struct Share {
    component: String,
    share: Option<f64>,
}

impl Judged {
    /// Has the program judge a run from its record, with what it knows now.
    pub(super) fn of(
        scenario: &'static Scenario,
        entry: &Entry,
        stormdb: &Stormdb,
        data: &std::path::Path,
    ) -> Result<Self> {
        let mut report = stormdb.command(["report", &entry.run, "--format", "json"]);
        let text = program::read(report.env("XDG_DATA_HOME", data))?;
        let document: Document =
            serde_json::from_str(&text).with_context(|| format!("the report on {}", entry.run))?;
        Ok(Self::judge(scenario, entry, document))
    }

    fn judge(scenario: &'static Scenario, entry: &Entry, document: Document) -> Self {
        let others_cpu = document.bands.iter().filter_map(Band::others_cpu).reduce(f64::max);
        let decisive = document.analysis.bottleneck_analysis.map(|found| found.band_number);
        let band = document.bands.into_iter().find(|band| Some(band.band_number) == decisive);
        let workers = band.as_ref().map_or(0, |band| band.workers);
        let Some(found) = band.and_then(|band| band.bottleneck) else {
            return Self {
                scenario,
                entry: entry.clone(),
                verdict: "undetermined".to_owned(),
                candidate: None,
                reason: Some("not-sampled".to_owned()),
                workers,
                confidence: None,
                score: None,
                shares: Vec::new(),
                outcome: Outcome::Abstained,
                others_cpu,
            };
        };
        let whole = |name: &str| match &found.client_part {
            Some(part) if name == "client" => format!("client/{part}"),
            _ => name.to_owned(),
        };
        let (verdict, candidate) = (whole(&found.limit), found.candidate.as_deref().map(whole));
        let shares: Vec<(String, f64)> = found
            .shares
            .into_iter()
            .filter_map(|share| Some((share.component, share.share?)))
            .collect();
        Self {
            outcome: outcome(scenario.expected, &verdict, &shares),
            scenario,
            entry: entry.clone(),
            verdict,
            candidate,
            reason: found.undetermined,
            workers,
            confidence: found.confidence,
            score: found.score.map(|score| RawScore {
                probability: score.probability,
                margin: score.margin,
                corroborated: score.corroborated,
                effective_n: score.effective_n,
            }),
            shares,
            others_cpu,
        }
    }

    /// Whether what was named, or would have been with more confidence, is right; nothing where nothing was weighed, and
    /// where two answers are.
    pub(super) fn weighed(&self) -> Option<(RawScore, bool)> {
        let Expected::OneOf(expected) = self.scenario.expected else { return None };
        let named = match self.reason.as_deref() {
            None => &self.verdict,
            Some("low-confidence") => self.candidate.as_ref()?,
            Some(_) => return None,
        };
        Some((self.score?, expected.contains(&named.as_str())))
    }
}

impl Band {
    /// What is busy and neither the load nor the server, as a share of all processors. A standby counts as another: it
    /// does little.
    fn others_cpu(&self) -> Option<f64> {
        let machine = self.evidence.as_ref()?.server_machine.as_ref()?;
        let load = self.performance.client_cpu_seconds? / self.duration_seconds?;
        let server = machine.server_cpu_seconds? / machine.seconds;
        Some((machine.busy_share? - (load + server) / machine.cores).max(0.0))
    }
}

fn outcome(expected: Expected, verdict: &str, shares: &[(String, f64)]) -> Outcome {
    let right = match expected {
        Expected::Both(one, other) => {
            let share = |name: &str| shares.iter().find(|(found, _)| found == name);
            let strong = |name| share(name).is_some_and(|(_, share)| *share >= BOTH_MIN);
            verdict == "undetermined" || (strong(one) && strong(other))
        }
        _ if verdict == "undetermined" => return Outcome::Abstained,
        Expected::Nothing => verdict == "none",
        Expected::OneOf(names) => names.contains(&verdict),
    };
    if right { Outcome::Right } else { Outcome::Wrong }
}

#[cfg(test)]
mod tests {
    use super::{Expected, Outcome, outcome};

    #[test]
    fn a_verdict_is_right_wrong_or_none() {
        let lock = Expected::OneOf(&["lock"]);
        for (verdict, expected) in [
            ("lock", Outcome::Right),
            ("cpu", Outcome::Wrong),
            ("none", Outcome::Wrong),
            ("undetermined", Outcome::Abstained),
        ] {
            assert_eq!(outcome(lock, verdict, &[]), expected, "{verdict}");
        }
        assert_eq!(outcome(Expected::Nothing, "none", &[]), Outcome::Right);
        assert_eq!(outcome(Expected::Nothing, "cpu", &[]), Outcome::Wrong);
    }

    #[test]
    fn two_limits_must_both_show_or_none_be_named() {
        let both = Expected::Both("lock", "wal");
        let shares = |lock, wal| [("lock".to_owned(), lock), ("wal".to_owned(), wal)];
        assert_eq!(outcome(both, "lock", &shares(0.5, 0.4)), Outcome::Right);
        assert_eq!(outcome(both, "lock", &shares(0.8, 0.1)), Outcome::Wrong);
        assert_eq!(outcome(both, "undetermined", &shares(0.8, 0.1)), Outcome::Right);
    }
}
