//! Least-squares fits of throughput against workers.

use serde_json::{Map, Value, json};
use stormdb_analysis::Error;
use stormdb_analysis::curve::{Coefficient, Curve};
use stormdb_analysis::fit::{Fit, fit};
use stormdb_analysis::model::Model;
use stormdb_analysis::model_choice::{best_by_aicc, best_by_loo};

use crate::case::{Input, figure, optional_figure, or_error};

#[expect(clippy::unnecessary_wraps, reason = "every kind has the same signature")]
pub(crate) fn run(input: &Input<'_>) -> Result<Value, Error> {
    let (x, y) = (input.numbers("x"), input.numbers("y"));
    let mut fits = Vec::new();
    let mut shown = Map::new();
    for model in models(input) {
        let found = fit(model, &x, &y);
        fits.extend(found.clone());
        shown.insert(model.name().to_owned(), or_error(found.map(|fit| show(&fit))));
    }
    let name = |fit: Option<&Fit>| fit.map(|fit| fit.curve.model.name());
    Ok(json!({
        "fits": shown,
        "best_by_loo": name(best_by_loo(&fits)),
        "best_by_aicc": name(best_by_aicc(&fits)),
    }))
}

pub(crate) fn models(input: &Input<'_>) -> impl Iterator<Item = Model> {
    input.items("models").iter().map(|name| {
        let known = Model::ALL.into_iter().find(|model| *name == model.name());
        known.unwrap_or_else(|| panic!("unknown model: {name}"))
    })
}

/// The coefficients, or one figure of each, by name.
pub(crate) fn by_name(curve: &Curve, of: fn(&Coefficient) -> Option<f64>) -> Map<String, Value> {
    let named = curve.coefficients.iter();
    named.map(|coefficient| (coefficient.name.clone(), optional_figure(of(coefficient)))).collect()
}

fn show(fit: &Fit) -> Value {
    let curve = &fit.curve;
    let mut shown = json!({
        "coefficients": by_name(curve, |coefficient| Some(coefficient.value)),
        "sse": figure(fit.sse),
        "r_squared": optional_figure(fit.r_squared),
        "perfect_fit": fit.is_perfect,
        "aicc": optional_figure(fit.aicc),
        "standard_errors": by_name(curve, |coefficient| coefficient.standard_error),
        "loo_rmse": optional_figure(fit.loo_rmse),
    });
    if curve.model == Model::Usl {
        shown["at_bound"] = curve.at_bound().collect();
        shown["peak"] = json!({
            "n": optional_figure(curve.peak.map(|peak| peak.n)),
            "x": optional_figure(curve.peak.map(|peak| peak.throughput)),
            "n_se": optional_figure(curve.peak.map(|peak| peak.n_se)),
            "extrapolated": curve.peak.map(|peak| peak.extrapolated),
        });
        shown["amdahl_limit"] = optional_figure(curve.amdahl_limit);
    }
    shown
}
