//! Breaking point and knee.

use serde_json::{Value, json};
use stormdb_analysis::Error;
use stormdb_analysis::breakpoint::{BreakReason, breaking_point};
use stormdb_analysis::knee::{KneeShape, knee};

use crate::case::{Input, optional_figure};

pub(crate) fn run(input: &Input<'_>) -> Result<Value, Error> {
    match input.text("kind") {
        "breaking_point" => run_breaking_point(input),
        "knee" => run_knee(input),
        unknown => panic!("unknown kind of breakpoint: {unknown}"),
    }
}

fn run_breaking_point(input: &Input<'_>) -> Result<Value, Error> {
    let response_time: Vec<Option<f64>> =
        input.numbers("response_time").into_iter().map(Some).collect();
    let found =
        breaking_point(&input.numbers("load"), &response_time, &input.numbers("error_rate"))?;
    let reasons = found.as_ref().map(|point| point.reasons.as_slice()).unwrap_or_default();
    Ok(json!({
        "index": found.as_ref().map(|point| point.index),
        "load": optional_figure(found.as_ref().map(|point| point.load)),
        "reasons": reasons.iter().copied().map(BreakReason::name).collect::<Vec<_>>(),
    }))
}

fn run_knee(input: &Input<'_>) -> Result<Value, Error> {
    let shape = match input.text("shape") {
        "concave_increasing" => KneeShape::ConcaveIncreasing,
        "convex_increasing" => KneeShape::ConvexIncreasing,
        unknown => panic!("unknown shape of knee: {unknown}"),
    };
    let minimum_distance = input.number("minimum_distance");
    let found = knee(&input.numbers("x"), &input.numbers("y"), shape, minimum_distance)?;
    Ok(json!({
        "index": found.at.map(|point| point.index),
        "x": optional_figure(found.at.map(|point| point.x)),
        "distance": optional_figure(found.distance),
        "points_used": found.points_used,
    }))
}
