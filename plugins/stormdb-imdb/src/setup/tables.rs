//! The six tables: how each is made and filled.

mod actors;
mod cast;
mod comments;
mod movies;
mod views;
mod votes;

use stormdb_plugin_api::{Result, copy::BinaryRows};

use crate::{catalogue::Catalogue, setup::chunks::Span};

/// All tables in the order of their loading.
pub(super) const ALL: [&Table; 6] =
    [&movies::TABLE, &actors::TABLE, &cast::TABLE, &comments::TABLE, &views::TABLE, &votes::TABLE];

/// One table.
pub(super) struct Table {
    pub(super) name: &'static str,
    /// Keys and indexes come after the load.
    pub(super) create: &'static str,
    /// The columns that are copied.
    pub(super) columns: &'static str,
    /// The column that a sequence numbers.
    pub(super) serial: Option<&'static str>,
    /// How often the units are gone through.
    pub(super) rounds: i32,
    /// What is counted: movies or actors.
    pub(super) units: fn(&Catalogue) -> i32,
    /// How many rows the units of a span have.
    pub(super) rows: fn(&Catalogue, Span) -> u64,
    /// Appends the rows of a span.
    pub(super) write: fn(&Catalogue, Span, &mut BinaryRows) -> Result<()>,
}

/// The time at which the generated data ends: 2025-01-01 00:00 UTC, in microseconds since 1970.
const LOADED_AT: i64 = 1_735_689_600_000_000;
const SECOND: i64 = 1_000_000;
const DAY_SECONDS: i32 = 24 * 60 * 60;

/// One row per unit.
fn row_per_unit(_catalogue: &Catalogue, span: Span) -> u64 {
    u64::from(span.last.abs_diff(span.first)) + 1
}
