//! Marginal gains, curvature, efficiency, regions and optimum.

use serde_json::{Value, json};
use stormdb_analysis::Error;
use stormdb_analysis::scaling::{BandScaling, EfficiencyClass, Region, scaling};

use crate::case::{Input, figure, optional_figure};

pub(crate) fn run(input: &Input<'_>) -> Result<Value, Error> {
    let half_widths = input.optional_numbers("ci_half_width");
    let found = scaling(&input.numbers("workers"), &input.numbers("tps"), half_widths.as_deref())?;
    let figures = |of: fn(&BandScaling) -> Option<f64>| -> Vec<Value> {
        found.bands.iter().map(of).map(optional_figure).collect()
    };
    let names = |of: fn(&BandScaling) -> Option<&'static str>| -> Vec<Option<&'static str>> {
        found.bands.iter().map(of).collect()
    };
    let mut result = json!({
        "marginal_gain": figures(|band| band.marginal_gain),
        "relative_gain": figures(|band| band.relative_gain),
        "second_derivative": figures(|band| band.second_derivative),
        "documented_second_derivative": figures(|band| band.documented_second_derivative),
        "delta2_tps": figures(|band| band.delta2_tps),
        "curvature_sign_changes": found.curvature_sign_changes,
        "efficiency": found.bands.iter().map(|band| figure(band.efficiency)).collect::<Vec<_>>(),
        "relative_efficiency": figures(|band| band.relative_efficiency),
        "efficiency_class": names(|band| band.efficiency_class.map(EfficiencyClass::name)),
        "regions": names(|band| Some(Region::name(band.region))),
        "best_index": found.optimum.best_index,
        "optimal_index": found.optimum.optimal_index,
    });
    if let Some(confirmation) = found.optimum.confirmation {
        result["confirmed_indices"] = json!(confirmation.confirmed_indices);
        result["plausible_indices"] = json!(confirmation.plausible_indices);
        result["optimal_confirmed_index"] = json!(confirmation.optimal_confirmed_index);
    }
    Ok(result)
}
