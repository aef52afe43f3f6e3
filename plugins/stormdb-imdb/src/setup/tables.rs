//! The six tables: how each is made and filled.

mod actors;
mod cast;
mod comments;
mod movies;
mod views;
mod votes;

use dataset::{Span, Table};

use crate::catalogue::Catalogue;

/// All tables in the order of their loading.
pub(super) const ALL: [&Table<Catalogue>; 6] =
    [&movies::TABLE, &actors::TABLE, &cast::TABLE, &comments::TABLE, &views::TABLE, &votes::TABLE];

/// The time at which the generated data ends: 2025-01-01 00:00 UTC, in microseconds since 1970.
const LOADED_AT: i64 = 1_735_689_600_000_000;
const SECOND: i64 = 1_000_000;
const DAY_SECONDS: i32 = 24 * 60 * 60;

/// Movies (or actors) that are committed together.
const CHUNK_UNITS: i32 = 5000;
/// Those whose texts are asked for in one call.
const BATCH_UNITS: i32 = 100;

/// The number of a unit's row, in a table with one row per movie and round.
fn row_number(span: Span, unit: i32, catalogue: &Catalogue) -> i32 {
    span.round * catalogue.movies() + unit
}
