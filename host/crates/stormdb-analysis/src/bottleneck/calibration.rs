//! From how often a component wins to how likely it is right: one temperature, fitted on runs whose limit was known.

use serde::{Deserialize, Serialize};

use crate::Error;
use crate::finite::{require_finite, require_same_length};

/// The runs that the map was fitted on, with their outcome; `cargo xtask scenarios --fit` writes it.
const STORED: &str = include_str!("calibration.csv");

/// Log-odds that a figure of another source adds, before the temperature divides them.
const CORROBORATED: f64 = 0.5;

/// The temperatures that are tried.
const TEMPERATURE: (f64, f64) = (0.2, 20.0);

/// What a verdict rests on, before anyone has seen whether such verdicts are right.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RawScore {
    /// Share of the draws that the component wins.
    pub probability: f64,
    /// That share less the next component's.
    pub margin: f64,
    /// Figures of other sources that agree.
    pub corroborated: u32,
    /// Independent seconds that the draws were made of.
    pub effective_n: f64,
}

/// A map from scores to probabilities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// Counts up with every fit that is stored.
    pub version: u32,
    /// Runs that it was fitted on.
    pub runs: u32,
    /// Major versions of PostgreSQL that they were made on, such as `15, 18`.
    pub servers: String,
    pub temperature: f64,
}

/// How sure a verdict is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Confidence {
    /// Above 0 and below 1.
    pub value: f64,
    /// Absent where the value covers sampling error only.
    pub calibration: Option<Calibration>,
}

impl RawScore {
    /// The share of the draws, kept from certainty by the number of independent seconds: `1 / (n + 2)`.
    fn sampling(&self) -> f64 {
        clamp(self.probability, self.effective_n)
    }

    /// Log-odds of the score: those of the share, less where the next component is near, more where other sources agree.
    pub fn log_odds(&self) -> f64 {
        let share = self.sampling();
        let odds = (share / (1.0 - share)).ln();
        odds * f64::midpoint(1.0, self.margin) + CORROBORATED * f64::from(self.corroborated)
    }

    /// As likely as `calibration` says, or as the draws say without one.
    #[must_use]
    pub fn confidence(&self, calibration: Option<&Calibration>) -> Confidence {
        let value = match calibration {
            Some(map) => clamp(logistic(self.log_odds() / map.temperature), f64::from(map.runs)),
            None => self.sampling(),
        };
        Confidence { value, calibration: calibration.cloned() }
    }
}

impl Calibration {
    /// The map that this version of the program carries; nothing while no run is stored.
    #[must_use]
    pub fn stored() -> Option<Self> {
        let said = |key: &str| {
            let mut lines = STORED.lines().map_while(|line| line.strip_prefix("# "));
            lines.find_map(|line| Some(line.strip_prefix(key)?.strip_prefix(": ")?.trim()))
        };
        Some(Self {
            version: said("version")?.parse().ok()?,
            runs: said("runs")?.parse().ok().filter(|runs| *runs > 0)?,
            servers: said("servers")?.to_owned(),
            temperature: said("temperature")?.parse().ok().filter(|found: &f64| *found > 0.0)?,
        })
    }
}

/// The temperature `T` that makes `1 / (1 + exp(-z / T))` most likely for log-odds `z` and what turned out right (Platt
/// scaling with one parameter; Guo et al., ICML 2017), between 0.2 and 20.
///
/// Errors: `length_mismatch`, `empty`, `non_finite`.
pub fn fit_temperature(log_odds: &[f64], right: &[bool]) -> Result<f64, Error> {
    require_same_length(("log_odds", log_odds.len()), ("right", right.len()))?;
    if log_odds.is_empty() {
        return Err(Error::Empty { what: "log_odds" });
    }
    require_finite("log_odds", log_odds)?;
    let loss = |temperature: f64| -> f64 {
        let each = log_odds.iter().zip(right).map(|(odds, right)| {
            let odds = if *right { odds / temperature } else { -odds / temperature };
            // ln(1 + exp(-odds)), without overflow.
            (-odds).max(0.0) + (-odds.abs()).exp().ln_1p()
        });
        each.sum()
    };
    // The loss has one minimum in 1 / T: golden section.
    let golden = (5.0_f64.sqrt() - 1.0) / 2.0;
    let (mut low, mut high) = (1.0 / TEMPERATURE.1, 1.0 / TEMPERATURE.0);
    for _ in 0..60 {
        let (left, right) = (high - golden * (high - low), low + golden * (high - low));
        if loss(1.0 / left) <= loss(1.0 / right) { high = right } else { low = left }
    }
    Ok(2.0 / (low + high))
}

fn logistic(odds: f64) -> f64 {
    1.0 / (1.0 + (-odds).exp())
}

/// Between `1 / (n + 2)` and `1 - 1 / (n + 2)`.
fn clamp(probability: f64, n: f64) -> f64 {
    let least = 1.0 / (n.max(0.0) + 2.0);
    probability.clamp(least, 1.0 - least)
}

#[cfg(test)]
mod tests {
    use super::{Calibration, RawScore, STORED, clamp, fit_temperature};

    const SURE: RawScore =
        RawScore { probability: 1.0, margin: 1.0, corroborated: 0, effective_n: 8.0 };

    #[test]
    fn nothing_is_certain() {
        assert!((SURE.confidence(None).value - 0.9).abs() < 1e-12);
        assert!((clamp(0.0, 0.0) - 0.5).abs() < 1e-12);
        let map = Calibration { version: 1, runs: 18, servers: "15".to_owned(), temperature: 0.2 };
        let confidence = SURE.confidence(Some(&map));
        assert!((confidence.value - 0.95).abs() < 1e-12, "{confidence:?}");
    }

    #[test]
    fn a_near_rival_makes_less_sure_and_an_agreeing_figure_more() {
        let near = RawScore { margin: 0.2, ..SURE };
        let agreed = RawScore { corroborated: 1, ..SURE };
        assert!(near.log_odds() < SURE.log_odds() && SURE.log_odds() < agreed.log_odds());
    }

    /// Scores that are right as often as they say need no temperature.
    #[test]
    fn honest_scores_have_temperature_one_and_boastful_ones_more() {
        let odds = [(0.75_f64 / 0.25).ln(); 100];
        let right: Vec<bool> = (0..100).map(|run| run < 75).collect();
        assert!((fit_temperature(&odds, &right).unwrap() - 1.0).abs() < 1e-6);
        let boastful = odds.map(|odds| odds * 3.0);
        assert!((fit_temperature(&boastful, &right).unwrap() - 3.0).abs() < 1e-6);
    }

    #[test]
    fn nothing_to_fit_is_refused_by_name() {
        assert_eq!(fit_temperature(&[], &[]).unwrap_err().id(), "empty");
        assert_eq!(fit_temperature(&[f64::NAN], &[true]).unwrap_err().id(), "non_finite");
    }

    /// What the file says of itself is what its rows give.
    #[test]
    fn the_stored_map_is_the_fit_of_its_rows() {
        let mut rows = STORED.lines().skip_while(|line| line.starts_with('#')).skip(1);
        let rows: Vec<(f64, bool)> = rows
            .by_ref()
            .map(|row| {
                let cells: Vec<&str> = row.split(',').collect();
                let number = |cell: usize| cells[cell].parse::<f64>().unwrap();
                let score = RawScore {
                    probability: number(4),
                    margin: number(5),
                    corroborated: cells[6].parse().unwrap(),
                    effective_n: number(7),
                };
                (score.log_odds(), cells[8] == "true")
            })
            .collect();
        let Some(map) = Calibration::stored() else {
            assert_eq!(rows.len(), 0);
            return;
        };
        assert_eq!(usize::try_from(map.runs).unwrap(), rows.len());
        let (odds, right): (Vec<f64>, Vec<bool>) = rows.into_iter().unzip();
        let temperature = fit_temperature(&odds, &right).unwrap();
        assert!((temperature - map.temperature).abs() < 1e-3, "{temperature} {map:?}");
    }
}
