//! The kinds of cases. Adding one is a file and a line in [`KINDS`].

mod bands;
mod breakpoint;
mod descriptive;
mod scaling;
mod steady_state;

use serde_json::Value;
use stormdb_analysis::Error;

use crate::case::Input;

/// Computes the figures of one case, in the form of its `expected` object.
pub(crate) type Kind = fn(&Input<'_>) -> Result<Value, Error>;

const KINDS: &[(&str, Kind)] = &[
    ("bands", bands::run),
    ("breakpoint", breakpoint::run),
    ("descriptive", descriptive::run),
    ("scaling", scaling::run),
    ("steady_state", steady_state::run),
];

/// Kinds whose methods the library does not have yet.
pub(crate) const NOT_YET: &[&str] = &[
    "balance",
    "elasticity_cost",
    "elasticity_score",
    "fits",
    "queueing",
    "significance",
    "trend_forecast",
    "weighted_fits",
];

pub(crate) fn named(name: &str) -> Option<Kind> {
    KINDS.iter().find(|(kind, _)| *kind == name).map(|(_, run)| *run)
}
