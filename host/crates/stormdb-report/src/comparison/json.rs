//! A comparison as JSON, for programs.

use serde::Serialize;
use stormdb_analysis::{
    comparison::{Compared, Demand, Design, Effect, Power, Summary, Tested},
    descriptive::Interval,
};
use stormdb_run::comparison::{Difference, RunComparison, Unit, sample::BandSize};

use super::{failed, words};
use crate::ReportError;

#[derive(Serialize)]
struct Document<'a> {
    baseline: &'a [String],
    current: &'a [String],
    demand: Demand,
    /// `independent` or `paired`.
    design: Design,
    /// What one value is the mean of: `run`, `repeat` or `single`.
    unit: &'static str,
    /// Tests that Holm's method corrected for.
    tests: usize,
    regression: bool,
    conclusion: String,
    compared: Vec<Row<'a>>,
    power: Option<String>,
    warnings: Vec<Warning>,
    /// The differences among the warnings alone, which make runs incomparable.
    differences: &'a [Difference],
    next: Option<String>,
}

#[derive(Serialize)]
struct Row<'a> {
    /// Null for all bands together.
    band: Option<Band>,
    metric: &'static str,
    baseline: &'a Summary,
    current: &'a Summary,
    /// Current over baseline less 1; of the error rate the difference.
    change: Option<f64>,
    interval: Option<Interval>,
    cliffs_delta: Option<f64>,
    magnitude: Option<&'static str>,
    test: Option<&'a Tested>,
    power: Option<&'a Power>,
    verdict: &'static str,
}

#[derive(Serialize)]
struct Band {
    workers: u32,
    connections: u32,
    arrival_rate: Option<f64>,
}

#[derive(Serialize)]
struct Warning {
    id: &'static str,
    message: String,
}

pub(super) fn render(comparison: &RunComparison) -> Result<String, ReportError> {
    let found = &comparison.comparison;
    let document = Document {
        baseline: &comparison.baseline,
        current: &comparison.current,
        demand: found.demand,
        design: found.design,
        unit: match comparison.unit {
            Unit::Run => "run",
            Unit::Repeat => "repeat",
            Unit::Single => "single",
        },
        tests: found.family,
        regression: found.has_regression(),
        conclusion: words::conclusion(comparison),
        compared: found.compared.iter().map(|one| row(comparison, one)).collect(),
        power: words::power(comparison),
        warnings: words::warnings(comparison)
            .into_iter()
            .map(|(id, message)| Warning { id, message })
            .collect(),
        differences: &comparison.differences,
        next: words::next_step(comparison),
    };
    let mut text = serde_json::to_string_pretty(&document)
        .map_err(|error| failed(comparison, "json", error))?;
    text.push('\n');
    Ok(text)
}

fn row<'a>(comparison: &RunComparison, one: &'a Compared) -> Row<'a> {
    let band = |size: &BandSize| Band {
        workers: size.workers,
        connections: size.connections,
        arrival_rate: size.rate,
    };
    let effect: Option<&Effect> = one.effect.as_ref();
    Row {
        band: match one.scope {
            stormdb_analysis::comparison::Scope::Band(index) => {
                comparison.bands.get(index).map(band)
            }
            stormdb_analysis::comparison::Scope::Overall => None,
        },
        metric: one.quantity.name(),
        baseline: &one.baseline,
        current: &one.current,
        change: effect.map(|effect| effect.change),
        interval: effect.and_then(|effect| effect.interval),
        cliffs_delta: effect.map(|effect| effect.cliffs_delta.delta),
        magnitude: effect.map(|effect| effect.cliffs_delta.magnitude.name()),
        test: one.test.as_ref(),
        power: one.power.as_ref(),
        verdict: one.verdict.name(),
    }
}
