//! The load in pieces that are committed one by one, the same whatever the number of loaders.

use crate::{Dataset, Span, Table};

/// One piece of the load.
pub(crate) struct Chunk<C: 'static> {
    pub(crate) table: &'static Table<C>,
    /// Counted within the table.
    pub(crate) number: i32,
    pub(crate) span: Span,
}

impl<C> Chunk<C> {
    pub(crate) fn rows(&self, catalogue: &C) -> u64 {
        (self.table.rows)(catalogue, self.span)
    }
}

impl<C> Dataset<C> {
    /// All chunks of all tables.
    pub(crate) fn chunks(&self, catalogue: &C) -> Vec<Chunk<C>> {
        let mut chunks = Vec::new();
        for &table in self.tables {
            let units = (table.units)(catalogue);
            let rounds = (0..table.rounds).map(|round| Span { round, first: 1, last: units });
            let spans = rounds.flat_map(|round| round.pieces(table.chunk));
            chunks.extend((0..).zip(spans).map(|(number, span)| Chunk { table, number, span }));
        }
        chunks
    }
}
