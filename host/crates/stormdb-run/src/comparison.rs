//! Runs beside runs: which bands and which repeats of them are compared, and what makes runs incomparable.

mod differences;
pub mod sample;

use jiff::Timestamp;
use stormdb_analysis::{
    Error,
    comparison::{BandFigures, Comparison, Demand, RunFigures, compare as compare_figures},
};

pub use self::differences::{Difference, differences};
use self::sample::{BandSample, BandSize, RunSample};

/// Runs per side from which a run, and not each repeat of its bands, is the unit of the test.
pub const RUNS_AS_UNITS: usize = 3;

/// Two sides, compared.
#[derive(Clone, Debug, PartialEq)]
pub struct RunComparison {
    /// What the runs are called, in the order given.
    pub baseline: Vec<String>,
    pub current: Vec<String>,
    /// The sizes that both sides measured; positions in the comparison are positions in this list.
    pub bands: Vec<BandSize>,
    /// Sizes that only one side measured.
    pub unmatched: Vec<BandSize>,
    pub unit: Unit,
    pub comparison: Comparison,
    /// What else differs between the runs than what is compared.
    pub differences: Vec<Difference>,
}

/// What one value of a sample is the mean of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A whole run, its repeats averaged.
    Run,
    /// One repeat of a band: the repeats of one run share its server, its data and its hour, so that what differs
    /// between runs alone stays unseen.
    Repeat,
    /// A run without repeats.
    Single,
}

/// Compares the runs of two sides band by band. Bands are matched by workers, connections and arrival rate.
///
/// With [`RUNS_AS_UNITS`] runs or more on both sides a run is the unit of the test; with fewer it is each repeat.
///
/// # Errors
/// A sample holds a number that no run measures, or the demand is unusable.
pub fn compare(
    baseline: &[RunSample],
    current: &[RunSample],
    demand: Demand,
) -> Result<RunComparison, Error> {
    let (before, after) = (sizes(baseline), sizes(current));
    let bands: Vec<BandSize> = before.iter().copied().filter(|size| after.contains(size)).collect();
    let unmatched =
        before.iter().chain(&after).copied().filter(|size| !bands.contains(size)).collect();
    let unit = unit(baseline, current);
    let start = baseline.iter().chain(current).filter_map(|run| run.began).min();
    let figures = |runs: &[RunSample]| -> Vec<RunFigures> {
        runs.iter().flat_map(|run| units(run, &bands, unit, start)).collect()
    };
    let comparison = compare_figures(&figures(baseline), &figures(current), bands.len(), demand)?;
    let names = |runs: &[RunSample]| runs.iter().map(|run| run.id.clone()).collect();
    Ok(RunComparison {
        baseline: names(baseline),
        current: names(current),
        unmatched,
        unit,
        comparison,
        differences: differences(baseline, current, &bands),
        bands,
    })
}

/// In the order of workers, connections and rates.
fn sizes(runs: &[RunSample]) -> Vec<BandSize> {
    let mut sizes: Vec<BandSize> =
        runs.iter().flat_map(|run| run.bands.iter().map(|band| band.size)).collect();
    sizes.sort_by(BandSize::order);
    sizes.dedup();
    sizes
}

fn unit(baseline: &[RunSample], current: &[RunSample]) -> Unit {
    let repeats = |run: &RunSample| run.bands.iter().any(|band| band.repeat > 1);
    if !baseline.iter().chain(current).any(repeats) {
        Unit::Single
    } else if baseline.len().min(current.len()) >= RUNS_AS_UNITS {
        Unit::Run
    } else {
        Unit::Repeat
    }
}

/// One run's values: one entry per repeat, or a single one.
fn units(
    run: &RunSample,
    bands: &[BandSize],
    unit: Unit,
    start: Option<Timestamp>,
) -> Vec<RunFigures> {
    // Repeats of one run follow its own order and not that of the other side.
    let began = match unit {
        Unit::Run | Unit::Single => {
            run.began.zip(start).map(|(began, start)| began.duration_since(start).as_secs_f64())
        }
        Unit::Repeat => None,
    };
    let last = run.bands.iter().map(|band| band.repeat).max().unwrap_or(0);
    let of = |size: &BandSize, repeat: u32| {
        run.bands.iter().find(|band| band.size == *size && band.repeat == repeat)?.figures
    };
    match unit {
        Unit::Run => vec![RunFigures {
            began,
            bands: bands.iter().map(|size| mean(&run.bands, *size)).collect(),
        }],
        Unit::Repeat | Unit::Single => (1..=last)
            .map(|repeat| RunFigures {
                began,
                bands: bands.iter().map(|size| of(size, repeat)).collect(),
            })
            .filter(|figures| figures.bands.iter().any(Option::is_some))
            .collect(),
    }
}

/// The mean over the repeats of a band.
fn mean(bands: &[BandSample], size: BandSize) -> Option<BandFigures> {
    let repeats: Vec<BandFigures> =
        bands.iter().filter(|band| band.size == size).filter_map(|band| band.figures).collect();
    #[expect(clippy::cast_precision_loss, reason = "repeats are few")]
    let n = repeats.len() as f64;
    let mean = |of: fn(&BandFigures) -> Option<f64>| {
        let values: Option<Vec<f64>> = repeats.iter().map(of).collect();
        values.filter(|values| !values.is_empty()).map(|values| values.iter().sum::<f64>() / n)
    };
    Some(BandFigures {
        throughput: mean(|band| Some(band.throughput))?,
        // Of a mean of independent repeats.
        throughput_error: mean(|band| band.throughput_error.map(|error| error * error))
            .map(|square| (square / n).sqrt()),
        p95_ms: mean(|band| band.p95_ms),
        p99_ms: mean(|band| band.p99_ms),
        error_rate: mean(|band| band.error_rate),
    })
}
