//! The kinds of cases. Adding one is a file and a line in [`KINDS`].

mod balance;
mod bands;
mod breakpoint;
mod descriptive;
mod elasticity_cost;
mod elasticity_score;
mod fits;
mod queueing;
mod scaling;
mod significance;
mod steady_state;
mod trend_forecast;
mod weighted_fits;

use serde_json::Value;
use stormdb_analysis::Error;

use crate::case::Input;

/// Computes the figures of one case, in the form of its `expected` object.
pub(crate) type Kind = fn(&Input<'_>) -> Result<Value, Error>;

const KINDS: &[(&str, Kind)] = &[
    ("balance", balance::run),
    ("bands", bands::run),
    ("breakpoint", breakpoint::run),
    ("descriptive", descriptive::run),
    ("elasticity_cost", elasticity_cost::run),
    ("elasticity_score", elasticity_score::run),
    ("fits", fits::run),
    ("queueing", queueing::run),
    ("scaling", scaling::run),
    ("significance", significance::run),
    ("steady_state", steady_state::run),
    ("trend_forecast", trend_forecast::run),
    ("weighted_fits", weighted_fits::run),
];

pub(crate) fn named(name: &str) -> Option<Kind> {
    KINDS.iter().find(|(kind, _)| *kind == name).map(|(_, run)| *run)
}
