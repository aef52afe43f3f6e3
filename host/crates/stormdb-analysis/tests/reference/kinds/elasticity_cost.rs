//! Elasticity of throughput, and benefit per cost.

use serde_json::{Value, json};
use stormdb_analysis::Error;
use stormdb_analysis::cost::{BandCost, cost_benefit};
use stormdb_analysis::elasticity::elasticity;

use crate::case::{Input, optional_figure};

pub(crate) fn run(input: &Input<'_>) -> Result<Value, Error> {
    match input.text("kind") {
        "elasticity" => run_elasticity(input),
        "cost_benefit" => run_cost_benefit(input),
        unknown => panic!("unknown kind of elasticity_cost: {unknown}"),
    }
}

fn run_elasticity(input: &Input<'_>) -> Result<Value, Error> {
    let found = elasticity(&input.numbers("load"), &input.numbers("throughput"))?;
    let log_log = found.log_log.as_ref();
    Ok(json!({
        "arc": found.arc.iter().copied().map(optional_figure).collect::<Vec<_>>(),
        "log_log_slope": optional_figure(log_log.map(|line| line.slope)),
        "log_log_se": optional_figure(log_log.and_then(|line| line.standard_error)),
        "log_log_r_squared": optional_figure(log_log.and_then(|line| line.r_squared)),
    }))
}

fn run_cost_benefit(input: &Input<'_>) -> Result<Value, Error> {
    let found = cost_benefit(&input.numbers("throughput"), &input.numbers("cost_per_hour"))?;
    let figures = |of: fn(&BandCost) -> Option<f64>| -> Vec<Value> {
        found.bands.iter().map(of).map(optional_figure).collect()
    };
    Ok(json!({
        "benefit_cost_ratio": figures(|band| band.ratio),
        "best_ratio_index": found.best_ratio_index,
        "marginal_benefit_cost": figures(|band| band.marginal_ratio),
        "incremental_ratio": optional_figure(found.incremental_ratio),
        "cost_per_1000_tx": figures(|band| band.per_1000_transactions),
        "dominated_indices": found.dominated,
    }))
}
