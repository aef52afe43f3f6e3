//! Repeats of one band as one throughput: the mean of the runs' means, with the wider of two intervals.

use serde::{Deserialize, Serialize};

use super::points::Margin;
use crate::Error;
use crate::finite::{computed, require_finite_value};
use crate::sum::{mean, squared_deviations};

/// Repeats from which on their spread says something of the next one.
pub const REPEATS_MIN: usize = 3;

/// One run of a band.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunMean {
    /// Completed transactions per second.
    pub tps: f64,
    /// From within the run; absent when it was too short or not steady.
    pub margin: Option<Margin>,
}

/// The runs of a band together.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PooledMean {
    /// Completed transactions per second.
    pub tps: f64,
    pub margin: Option<PooledMargin>,
}

/// An interval, and which of the two errors it is made from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct PooledMargin {
    pub margin: Margin,
    pub source: MarginSource,
}

/// Which error an interval is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarginSource {
    /// Batch means within each run.
    WithinRuns,
    /// The spread of the runs' means.
    BetweenRuns,
}

impl MarginSource {
    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::WithinRuns => "within_runs",
            Self::BetweenRuns => "between_runs",
        }
    }
}

/// `mean(y)` with the wider of the intervals within and between runs; `None` without runs.
///
/// Within: `sqrt(sum SE_i^2) / k` with the degrees of freedom of Welch and Satterthwaite,
/// `(sum SE_i^2)^2 / sum(SE_i^4 / v_i)` (Satterthwaite, Biometrics Bulletin 2 (1946)); only when every run has an
/// interval. Between, from [`REPEATS_MIN`] runs on: `sd / sqrt(k)` with `k - 1`. Runs usually differ by more than
/// each of them shows, so the interval within runs is the lower bound of the two.
/// Errors: `non_finite`, `overflow`.
pub fn pool(runs: &[RunMean]) -> Result<Option<PooledMean>, Error> {
    for run in runs {
        require_finite_value("the throughput of a run", run.tps)?;
    }
    let means: Vec<f64> = runs.iter().map(|run| run.tps).collect();
    if means.is_empty() {
        return Ok(None);
    }
    let tps = computed("the mean of the runs", mean(&means))?;
    let within = within(runs)?.map(|margin| (margin, MarginSource::WithinRuns));
    let between = between(&means, tps)?.map(|margin| (margin, MarginSource::BetweenRuns));
    let wider = within.into_iter().chain(between).reduce(|widest, other| {
        if other.0.half_width > widest.0.half_width { other } else { widest }
    });
    Ok(Some(PooledMean {
        tps,
        margin: wider.map(|(margin, source)| PooledMargin { margin, source }),
    }))
}

fn within(runs: &[RunMean]) -> Result<Option<Margin>, Error> {
    let Some(margins) = runs.iter().map(|run| run.margin).collect::<Option<Vec<Margin>>>() else {
        return Ok(None);
    };
    if let [only] = margins.as_slice() {
        return Ok(Some(*only));
    }
    let squares = |margin: &Margin| margin.standard_error().powi(2);
    let sum: f64 = margins.iter().map(squares).sum();
    let weights: f64 = margins.iter().map(|margin| squares(margin).powi(2) / margin.freedom).sum();
    let freedom = if weights > 0.0 {
        sum * sum / weights
    } else {
        margins.iter().map(|margin| margin.freedom).sum()
    };
    let freedom = computed("the degrees of freedom", freedom)?.max(1.0);
    Margin::of_error(sum.sqrt() / margins.len() as f64, freedom).map(Some)
}

fn between(means: &[f64], center: f64) -> Result<Option<Margin>, Error> {
    if means.len() < REPEATS_MIN {
        return Ok(None);
    }
    let (n, freedom) = (means.len() as f64, (means.len() - 1) as f64);
    let variance = squared_deviations(means, center).max(0.0) / freedom;
    Margin::of_error((variance / n).sqrt(), freedom).map(Some)
}

#[cfg(test)]
mod tests {
    use super::{MarginSource, RunMean, pool};
    use crate::assess::points::Margin;

    fn run(tps: f64, standard_error: f64) -> RunMean {
        RunMean { tps, margin: Some(Margin::of_error(standard_error, 19.0).unwrap()) }
    }

    #[test]
    fn one_run_keeps_its_own_interval() {
        let only = run(100.0, 2.0);
        let found = pool(&[only]).unwrap().unwrap().margin.unwrap();
        assert_eq!((Some(found.margin), found.source), (only.margin, MarginSource::WithinRuns));
    }

    #[test]
    fn two_runs_have_the_error_of_their_mean_and_no_spread() {
        let found = pool(&[run(90.0, 3.0), run(110.0, 4.0)]).unwrap().unwrap();
        let margin = found.margin.unwrap();
        assert!((found.tps - 100.0).abs() < 1e-12);
        assert_eq!(margin.source, MarginSource::WithinRuns);
        assert!((margin.margin.standard_error() - 2.5).abs() < 1e-12, "{margin:?}");
        // (9 + 16)^2 / ((81 + 256) / 19)
        assert!((margin.margin.freedom - 625.0 * 19.0 / 337.0).abs() < 1e-9, "{margin:?}");
    }

    #[test]
    fn three_runs_that_differ_have_the_wider_interval_between_them() {
        let runs = [run(90.0, 0.1), run(100.0, 0.1), run(110.0, 0.1)];
        let margin = pool(&runs).unwrap().unwrap().margin.unwrap();
        assert_eq!(margin.source, MarginSource::BetweenRuns);
        // t(0.975, 2) * 10 / sqrt(3), scipy 1.17.1.
        assert!((margin.margin.half_width - 24.841_377_118_503_67).abs() < 1e-8, "{margin:?}");
    }

    #[test]
    fn a_run_without_an_interval_leaves_only_the_spread() {
        let open = RunMean { tps: 101.0, margin: None };
        assert_eq!(pool(&[run(100.0, 1.0), open]).unwrap().unwrap().margin, None);
        let three = pool(&[run(100.0, 1.0), open, run(99.0, 1.0)]).unwrap().unwrap();
        assert_eq!(three.margin.unwrap().source, MarginSource::BetweenRuns);
        assert_eq!(pool(&[]).unwrap(), None);
    }
}
