//! Band generation.

use serde_json::{Value, json};
use stormdb_analysis::Error;
use stormdb_analysis::ladder::{Axis, ladder};

use crate::case::Input;

pub(crate) fn run(input: &Input<'_>) -> Result<Value, Error> {
    let axis = |min, max| Axis { min: input.count(min), max: input.count(max) };
    let ladder = ladder(
        input.text("strategy"),
        axis("min_workers", "max_workers"),
        axis("min_connections", "max_connections"),
        input.count("bands"),
    )?;
    let bands: Vec<[u32; 2]> =
        ladder.bands.iter().map(|band| [band.workers, band.connections]).collect();
    Ok(json!({"bands": bands, "reduced": ladder.reduced}))
}
