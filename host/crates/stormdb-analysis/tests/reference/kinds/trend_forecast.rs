//! Trends, rank trends and smoothing.

use serde_json::{Value, json};
use stormdb_analysis::Error;
use stormdb_analysis::rank_trend::{mann_kendall, theil_sen};
use stormdb_analysis::smoothing::{Forecast, Level, LevelTrend, holt, ses};
use stormdb_analysis::trend::{Prediction, trend};

use crate::case::{Input, figure, figures, optional_figure, or_error};

pub(crate) fn run(input: &Input<'_>) -> Result<Value, Error> {
    match input.text("kind") {
        "ols" => run_ols(input),
        "theil_sen_mann_kendall" => Ok(run_ranks(input)),
        "ses" | "holt" => run_smoothing(input),
        unknown => panic!("unknown kind of trend: {unknown}"),
    }
}

fn run_ols(input: &Input<'_>) -> Result<Value, Error> {
    let found = trend(&input.numbers("x"), &input.numbers("y"))?;
    let confidence = input.number("confidence");
    let predictions = input
        .numbers("future_x")
        .into_iter()
        .map(|x| found.predict(x, confidence))
        .collect::<Result<Vec<Prediction>, Error>>()?;
    let predictions: Vec<Value> = predictions
        .iter()
        .map(|at| {
            json!({
                "x": figure(at.x),
                "mean": figure(at.mean),
                "low": figure(at.interval.low),
                "high": figure(at.interval.high),
            })
        })
        .collect();
    let mut result = json!({
        "slope": figure(found.slope),
        "intercept": figure(found.intercept),
        "slope_se": figure(found.slope_se),
        "r_squared": optional_figure(found.r_squared),
        "t": optional_figure(found.t),
        "p_value": optional_figure(found.p_value),
        "residual_sd": figure(found.residual_sd),
        "predictions": predictions,
    });
    if let Some(threshold) = input.optional_number("threshold") {
        let until = found.until(threshold, confidence)?;
        result["threshold"] = json!({
            "until_mean": optional_figure(until.until_mean),
            "until_upper": optional_figure(until.until_upper),
            "growth_significant": until.growth_significant,
        });
    }
    Ok(result)
}

fn run_ranks(input: &Input<'_>) -> Value {
    let (x, y) = (input.numbers("x"), input.numbers("y"));
    let theil_sen = theil_sen(&x, &y)
        .map(|found| json!({"slope": figure(found.slope), "intercept": figure(found.intercept)}));
    let mann_kendall = mann_kendall(&y).map(|found| {
        json!({
            "s": found.s,
            "variance": figure(found.variance),
            "z": optional_figure(found.z),
            "p_value": figure(found.p_value),
            "tau_b": optional_figure(found.tau_b),
        })
    });
    json!({"theil_sen": or_error(theil_sen), "mann_kendall": or_error(mann_kendall)})
}

fn run_smoothing(input: &Input<'_>) -> Result<Value, Error> {
    let values = input.numbers("y");
    let level = Level { alpha: input.number("alpha"), initial: input.number("initial_level") };
    let horizon = input.count("horizon");
    let found = match input.text("kind") {
        "ses" => ses(&values, level, horizon)?,
        _ => {
            let (beta, initial) = (input.number("beta"), input.number("initial_trend"));
            holt(&values, level, LevelTrend { beta, initial }, horizon)?
        }
    };
    let forecast = |of: fn(&Forecast) -> f64| figures(found.forecasts.iter().map(of));
    Ok(json!({
        "level": figure(found.level),
        "trend": optional_figure(found.trend),
        "one_step_mse": figure(found.one_step_mse),
        "forecast": forecast(|step| step.mean),
        "low": forecast(|step| step.interval.low),
        "high": forecast(|step| step.interval.high),
    }))
}
