//! The figures of runs, sorted into the two samples of every comparison.

use serde::{Deserialize, Serialize};

use super::assumptions::SampleCheck;
use super::power::Design;
use super::test::PAIRS_MIN;
use super::{Demand, ERROR_RATE_EFFECT_MIN, Scope, Summary};
use crate::Error;
use crate::finite::{require_finite_value, require_same_length};
use crate::sum::{constant, mean, squared_deviations};

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quantity {
    /// Operations per second.
    Throughput,
    /// Milliseconds.
    P95,
    /// Milliseconds.
    P99,
    /// Failed over ended operations, 0 to 1.
    ErrorRate,
}

/// One run, or one repetition of the bands of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunFigures {
    /// When it began, in seconds since any moment that all runs share; absent where nobody knows.
    pub began: Option<f64>,
    /// In the order of the bands; nothing for a band that did not finish.
    pub bands: Vec<Option<BandFigures>>,
}

/// What a run measured in one band.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BandFigures {
    /// Operations per second.
    pub throughput: f64,
    /// Of `throughput`, from within the run; absent where the band was too short or not steady.
    pub throughput_error: Option<f64>,
    /// Absent where too few operations completed.
    pub p95_ms: Option<f64>,
    /// Absent where too few operations completed.
    pub p99_ms: Option<f64>,
    /// Absent where nothing ended.
    pub error_rate: Option<f64>,
}

impl Quantity {
    /// All of them, the leading one first.
    pub const ALL: [Self; 4] = [Self::Throughput, Self::P95, Self::P99, Self::ErrorRate];

    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Throughput => "tps",
            Self::P95 => "p95_latency_ms",
            Self::P99 => "p99_latency_ms",
            Self::ErrorRate => "error_rate",
        }
    }

    /// Whether more of it is better.
    #[must_use]
    pub fn higher_is_better(self) -> bool {
        self == Self::Throughput
    }

    /// Whether a change is a ratio less 1, and not a difference.
    #[must_use]
    pub fn is_ratio(self) -> bool {
        self != Self::ErrorRate
    }

    /// The smallest change that counts: `min_effect`, or its counterpart for the error rate.
    #[must_use]
    pub fn least_change(self, demand: Demand) -> f64 {
        if self.is_ratio() { demand.min_effect } else { ERROR_RATE_EFFECT_MIN }
    }

    fn of(self, band: &BandFigures) -> Option<f64> {
        match self {
            Self::Throughput => Some(band.throughput),
            Self::P95 => band.p95_ms,
            Self::P99 => band.p99_ms,
            Self::ErrorRate => band.error_rate,
        }
    }
}

pub(super) fn require_usable(
    baseline: &[RunFigures],
    current: &[RunFigures],
    bands: usize,
) -> Result<(), Error> {
    for (side, runs) in [("baseline", baseline), ("current", current)] {
        for (run, figures) in runs.iter().enumerate() {
            require_same_length(("bands of a run", figures.bands.len()), ("bands", bands))?;
            if let Some(began) = figures.began {
                require_finite_value(&format!("{side}[{run}].began"), began)?;
            }
            for (band, found) in figures.bands.iter().enumerate() {
                let Some(found) = found else { continue };
                let BandFigures { throughput, throughput_error, p95_ms, p99_ms, error_rate } =
                    *found;
                let all = [Some(throughput), throughput_error, p95_ms, p99_ms, error_rate];
                for value in all.into_iter().flatten() {
                    let place = || format!("{side}[{run}].bands[{band}]");
                    require_finite_value(&place(), value)?;
                    if value < 0.0 {
                        return Err(Error::NegativeValue { place: place(), value });
                    }
                }
            }
        }
    }
    Ok(())
}

/// Positions of runs that follow each other in time, one of each side; nothing where they do not alternate all the way
/// (`ABBA` and `ABAB` do, `AABB` does not) or where there are fewer than [`PAIRS_MIN`] pairs. Decided by the times
/// alone, so that no result chooses its own test.
pub(super) fn pairs(
    baseline: &[RunFigures],
    current: &[RunFigures],
) -> Option<Vec<(usize, usize)>> {
    if baseline.len() != current.len() || baseline.len() < PAIRS_MIN {
        return None;
    }
    let timed = |runs: &[RunFigures], is_current: bool| -> Option<Vec<(f64, bool, usize)>> {
        runs.iter()
            .enumerate()
            .map(|(position, run)| Some((run.began?, is_current, position)))
            .collect()
    };
    let mut order = [timed(baseline, false)?, timed(current, true)?].concat();
    order.sort_by(|left, right| left.0.total_cmp(&right.0));
    order
        .chunks(2)
        .map(|pair| match pair {
            [(_, false, base), (_, true, new)] | [(_, true, new), (_, false, base)] => {
                Some((*base, *new))
            }
            _ => None,
        })
        .collect()
}

/// The runs of both sides for one figure.
pub(super) struct Samples {
    pub(super) scope: Scope,
    pub(super) quantity: Quantity,
    /// In the figure's unit; over all bands the geometric mean of a ratio's.
    pub(super) baseline: Vec<f64>,
    pub(super) current: Vec<f64>,
    /// Baseline and current of neighbours in time, where runs alternate.
    pub(super) paired: Option<Vec<(f64, f64)>>,
    /// Error of the throughput within a run as a share of it, the largest of both sides.
    within_run: Option<f64>,
}

/// Standard deviation of logarithms between runs, and the runs per side (the smaller side) that it is for.
pub(super) struct LogSpread {
    pub(super) sd: f64,
    /// Absent where `sd` comes from within the runs.
    pub(super) runs: Option<usize>,
}

impl Samples {
    pub(super) fn of(
        scope: Scope,
        quantity: Quantity,
        baseline: &[RunFigures],
        current: &[RunFigures],
        pairs: Option<&[(usize, usize)]>,
    ) -> Self {
        let values = |runs: &[RunFigures]| -> Vec<Option<f64>> {
            runs.iter().map(|run| value(scope, quantity, run)).collect()
        };
        let (before, after) = (values(baseline), values(current));
        let paired = pairs.map(|pairs| {
            pairs.iter().filter_map(|&(base, new)| before[base].zip(after[new])).collect()
        });
        let errors = baseline.iter().chain(current).filter_map(|run| within_run(scope, run));
        let within_run = Some(errors.fold(0.0, f64::max))
            .filter(|error| *error > 0.0 && quantity == Quantity::Throughput);
        Self {
            scope,
            quantity,
            baseline: before.into_iter().flatten().collect(),
            current: after.into_iter().flatten().collect(),
            paired,
            within_run,
        }
    }

    /// Whether both sides have runs to compare, and anything to compare in them.
    pub(super) fn can_be_tested(&self) -> bool {
        self.baseline.len() > 1 && self.current.len() > 1 && !self.is_constant()
    }

    pub(super) fn is_constant(&self) -> bool {
        let all: Vec<f64> = self.baseline.iter().chain(&self.current).copied().collect();
        !all.is_empty() && constant(&all).is_some()
    }

    pub(super) fn design(&self) -> Design {
        if self.paired.is_some() { Design::Paired } else { Design::Independent }
    }

    /// Whether logarithms can be taken.
    pub(super) fn is_positive(&self) -> bool {
        self.quantity.is_ratio()
            && self.baseline.iter().chain(&self.current).all(|&value| value > 0.0)
    }

    pub(super) fn summary(&self, values: &[f64]) -> Summary {
        let runs = values.len();
        let logs: Vec<f64> = values.iter().map(|value| value.ln()).collect();
        let spread = if self.is_positive() { sd(&logs) } else { sd(values) };
        Summary {
            runs,
            mean: (runs > 0).then(|| mean(values)),
            spread,
            check: SampleCheck::of(if self.is_positive() { &logs } else { values }),
        }
    }

    /// By the means alone, where no test is possible.
    pub(super) fn change_of_means(&self) -> Option<f64> {
        let (before, after) = (mean(&self.baseline), mean(&self.current));
        match self.quantity.is_ratio() {
            true if before > 0.0 => Some(after / before - 1.0),
            true => None,
            false => Some(after - before),
        }
    }

    /// Nothing for a figure without ratio and without spread.
    pub(super) fn log_spread(&self) -> Option<LogSpread> {
        if !self.is_positive() {
            return None;
        }
        let log = |values: &[f64]| -> Vec<f64> { values.iter().map(|value| value.ln()).collect() };
        let (sd, runs) = match &self.paired {
            Some(pairs) => {
                let differences: Vec<f64> =
                    pairs.iter().map(|(before, after)| (after / before).ln()).collect();
                (sd(&differences), pairs.len())
            }
            None => (
                pooled_sd(&log(&self.baseline), &log(&self.current)),
                self.baseline.len().min(self.current.len()),
            ),
        };
        match sd.filter(|sd| *sd > 0.0 && runs > 1) {
            Some(sd) => Some(LogSpread { sd, runs: Some(runs) }),
            None => self.within_run.map(|sd| LogSpread { sd, runs: None }),
        }
    }
}

fn value(scope: Scope, quantity: Quantity, run: &RunFigures) -> Option<f64> {
    let of = |band: &Option<BandFigures>| quantity.of(band.as_ref()?);
    match scope {
        Scope::Band(band) => of(run.bands.get(band)?),
        Scope::Overall => {
            let all: Vec<f64> = run.bands.iter().map(of).collect::<Option<_>>()?;
            if !quantity.is_ratio() {
                return Some(mean(&all));
            }
            let logs: Vec<f64> = all.iter().map(|value| value.ln()).collect();
            Some(if all.iter().all(|value| *value > 0.0) { mean(&logs).exp() } else { 0.0 })
        }
    }
}

/// Relative standard error of the throughput; over all bands that of their geometric mean.
fn within_run(scope: Scope, run: &RunFigures) -> Option<f64> {
    let of = |band: &Option<BandFigures>| {
        let BandFigures { throughput, throughput_error, .. } = band.as_ref()?;
        Some(throughput_error.as_ref()? / throughput).filter(|share| share.is_finite())
    };
    match scope {
        Scope::Band(band) => of(run.bands.get(band)?),
        Scope::Overall => {
            let all: Vec<f64> = run.bands.iter().map(of).collect::<Option<_>>()?;
            let squares: f64 = all.iter().map(|share| share * share).sum();
            Some(squares.sqrt() / all.len() as f64)
        }
    }
}

fn sd(values: &[f64]) -> Option<f64> {
    let freedom = values.len().checked_sub(1).filter(|freedom| *freedom > 0)?;
    Some((squared_deviations(values, mean(values)) / freedom as f64).max(0.0).sqrt())
}

/// `sqrt(((n1 - 1) s1^2 + (n2 - 1) s2^2) / (n1 + n2 - 2))`.
fn pooled_sd(left: &[f64], right: &[f64]) -> Option<f64> {
    let freedom = (left.len() + right.len()).checked_sub(2).filter(|freedom| *freedom > 0)?;
    let squares: f64 = [left, right]
        .iter()
        .filter(|values| !values.is_empty())
        .map(|values| squared_deviations(values, mean(values)))
        .sum();
    Some((squares / freedom as f64).max(0.0).sqrt())
}
