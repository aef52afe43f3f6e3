//! What is said of a table.

use stormdb_plugin_api::{Result, copy::BinaryRows};

use crate::Span;

/// One table: how it is made and filled.
pub struct Table<C> {
    /// Without its schema.
    pub name: &'static str,
    /// `CREATE TABLE`; keys and indexes come after the load.
    pub create: &'static str,
    /// The columns that are copied.
    pub columns: &'static str,
    /// The column that a sequence numbers, which goes on after the loaded rows.
    pub serial: Option<&'static str>,
    /// How often the units are gone through; 0 for a table that is loaded empty.
    pub rounds: i32,
    /// How many units there are, such as movies or warehouses; they count from 1.
    pub units: fn(&C) -> i32,
    /// Units that are committed together.
    pub chunk: i32,
    /// Units that [`write`](Self::write) is asked for at once: their rows are in memory together.
    pub batch: i32,
    /// How many rows the units of a span have.
    pub rows: fn(&C, Span) -> u64,
    /// Appends the rows of a span.
    pub write: fn(&C, Span, &mut BinaryRows) -> Result<()>,
}

impl<C> Table<C> {
    /// The columns with their types: what stands in the parentheses of `CREATE TABLE`.
    pub(crate) fn definition(&self) -> &'static str {
        let inside = self.create.split_once('(').and_then(|(_, rest)| rest.rsplit_once(')'));
        inside.map_or("", |(columns, _)| columns.trim())
    }

    /// One row per unit, for [`rows`](Self::rows).
    pub fn row_per_unit(_catalogue: &C, span: Span) -> u64 {
        span.len()
    }
}
