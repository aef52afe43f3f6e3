//! Load balance.

use serde_json::{Value, json};
use stormdb_analysis::Error;
use stormdb_analysis::balance::balance;

use crate::case::{Input, figure, figures, optional_figure};

pub(crate) fn run(input: &Input<'_>) -> Result<Value, Error> {
    let found = balance(&input.numbers("loads"))?;
    Ok(json!({
        "mean": figure(found.mean),
        "sd": figure(found.sd),
        "cov": optional_figure(found.cov),
        "jain": optional_figure(found.jain),
        "max_to_mean": optional_figure(found.max_to_mean),
        "hotspots_two_sigma": found.hot_two_sigma,
        "cold_two_sigma": found.cold_two_sigma,
        "modified_z": figures(found.modified_z),
        "hotspots_mad": found.hot,
        "cold_mad": found.cold,
    }))
}
