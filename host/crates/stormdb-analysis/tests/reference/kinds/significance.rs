//! Two-sample tests, effect size and Holm's correction.

use serde_json::{Value, json};
use stormdb_analysis::Error;
use stormdb_analysis::cliffs_delta::cliffs_delta;
use stormdb_analysis::holm::holm;
use stormdb_analysis::mann_whitney::mann_whitney;
use stormdb_analysis::welch::welch;

use crate::case::{Input, figure, figures, optional_figure, or_error};

pub(crate) fn run(input: &Input<'_>) -> Result<Value, Error> {
    match input.text("test") {
        "two_sample" => Ok(run_two_sample(input)),
        "holm" => run_holm(input),
        unknown => panic!("unknown test: {unknown}"),
    }
}

fn run_two_sample(input: &Input<'_>) -> Value {
    let (baseline, current) = (input.numbers("baseline"), input.numbers("current"));
    let welch = welch(&baseline, &current, input.number("confidence")).map(|found| {
        json!({
            "difference": figure(found.difference),
            "t": figure(found.t),
            "df": figure(found.freedom),
            "p_value": figure(found.p_value),
            "ci_low": figure(found.interval.low),
            "ci_high": figure(found.interval.high),
        })
    });
    let mann_whitney = mann_whitney(&baseline, &current).map(|found| {
        json!({
            "u_current": figure(found.u_current),
            "u_baseline": figure(found.u_baseline),
            "z": optional_figure(found.z),
            "p_value": figure(found.p_value),
            "p_method": found.method.name(),
            "hodges_lehmann_shift": figure(found.shift),
        })
    });
    let cliffs_delta = cliffs_delta(&baseline, &current).map(|found| {
        json!({
            "delta": figure(found.delta),
            "a12": figure(found.a12),
            "magnitude": found.magnitude.name(),
        })
    });
    json!({
        "welch": or_error(welch),
        "mann_whitney": or_error(mann_whitney),
        "cliffs_delta": or_error(cliffs_delta),
    })
}

fn run_holm(input: &Input<'_>) -> Result<Value, Error> {
    let found = holm(&input.numbers("p_values"), input.number("alpha"))?;
    Ok(json!({
        "adjusted": figures(found.iter().map(|test| test.p_value)),
        "reject": found.iter().map(|test| test.reject).collect::<Vec<_>>(),
    }))
}
