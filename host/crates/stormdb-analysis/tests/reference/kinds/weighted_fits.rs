//! Least-squares fits with known errors.

use serde_json::{Map, Value, json};
use stormdb_analysis::Error;
use stormdb_analysis::model_choice::best_by_aic;
use stormdb_analysis::weighted_fit::{WeightedFit, weighted_fit};

use crate::case::{Input, figure, or_error};
use crate::kinds::fits::{by_name, models};

#[expect(clippy::unnecessary_wraps, reason = "every kind has the same signature")]
pub(crate) fn run(input: &Input<'_>) -> Result<Value, Error> {
    let (x, y, sd) = (input.numbers("x"), input.numbers("y"), input.numbers("sd"));
    let mut fits = Vec::new();
    let mut shown = Map::new();
    for model in models(input) {
        let found = weighted_fit(model, &x, &y, &sd);
        fits.extend(found.clone());
        shown.insert(model.name().to_owned(), or_error(found.map(|fit| show(&fit))));
    }
    Ok(json!({
        "fits": shown,
        "best_by_aic": best_by_aic(&fits).map(|fit| fit.curve.model.name()),
    }))
}

fn show(fit: &WeightedFit) -> Value {
    json!({
        "coefficients": by_name(&fit.curve, |coefficient| Some(coefficient.value)),
        "standard_errors": by_name(&fit.curve, |coefficient| coefficient.standard_error),
        "chi_square": figure(fit.chi_square),
        "p_value": figure(fit.p_value),
        "aic": figure(fit.aic),
    })
}
