//! Descriptive statistics.

use serde_json::{Map, Value, json};
use stormdb_analysis::Error;
use stormdb_analysis::descriptive::Sample;

use crate::case::{Input, figure, optional_figure};

pub(crate) fn run(input: &Input<'_>) -> Result<Value, Error> {
    let sample = Sample::new(&input.numbers("values"))?;
    let description = sample.describe(input.number("confidence"))?;
    let mut quantiles = Map::new();
    for probability in input.asked("quantiles") {
        let value = sample.quantile(probability.parse().expect("a probability is a number"))?;
        quantiles.insert(probability.to_owned(), figure(value));
    }
    Ok(json!({
        "n": description.n,
        "mean": figure(description.mean),
        "min": figure(description.min),
        "max": figure(description.max),
        "variance": optional_figure(description.variance),
        "sd": optional_figure(description.sd),
        "cov": optional_figure(description.cov),
        "ci_low": optional_figure(description.confidence_interval.map(|interval| interval.low)),
        "ci_high": optional_figure(description.confidence_interval.map(|interval| interval.high)),
        "quantiles": quantiles,
    }))
}
