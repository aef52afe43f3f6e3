//! The documented elasticity score.

use serde_json::{Value, json};
use stormdb_analysis::Error;
use stormdb_analysis::elasticity_score::{ElasticityClass, ScalingEvent, elasticity_score};

use crate::case::{Input, optional_figure, read_number};

pub(crate) fn run(input: &Input<'_>) -> Result<Value, Error> {
    let events: Vec<ScalingEvent> = input.items("events").iter().map(read_event).collect();
    let found = elasticity_score(&events, &input.numbers("error_rates"))?;
    let events = found.events.as_ref();
    Ok(json!({
        "total": found.total,
        "scale_up": found.scale_up,
        "scale_down": found.scale_down,
        "avg_seconds": optional_figure(events.map(|events| events.avg_seconds)),
        "min_seconds": optional_figure(events.map(|events| events.min_seconds)),
        "max_seconds": optional_figure(events.map(|events| events.max_seconds)),
        "success_rate": optional_figure(events.map(|events| events.success_rate)),
        "avg_magnitude": optional_figure(events.map(|events| events.avg_magnitude)),
        "score": optional_figure(events.map(|events| events.score)),
        "classification": events.map(|events| ElasticityClass::name(events.classification)),
    }))
}

fn read_event(event: &Value) -> ScalingEvent {
    ScalingEvent {
        before: read_number(&event[0]),
        after: read_number(&event[1]),
        seconds: read_number(&event[2]),
        success: event[3].as_bool().unwrap_or_else(|| panic!("{event} has no success")),
    }
}
