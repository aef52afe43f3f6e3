//! The load in pieces that are committed one by one, the same whatever the number of loaders.

use crate::{
    catalogue::Catalogue,
    setup::tables::{self, Table},
};

/// Movies (or actors) of one chunk.
const CHUNK_UNITS: i32 = 5000;

/// Consecutive units of a table in one of its rounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// A table with n rows per movie has n rounds over all movies; the first is 0.
    pub(super) round: i32,
    pub(super) first: i32,
    pub(super) last: i32,
}

impl Span {
    /// The units of the span.
    pub(super) fn units(self) -> impl Iterator<Item = i32> {
        self.first..=self.last
    }

    /// The number of a unit's row, in a table with one row per unit and round.
    pub(super) fn row(self, unit: i32, catalogue: &Catalogue) -> i32 {
        self.round * catalogue.movies() + unit
    }

    /// This span in pieces of at most `units` units.
    pub(super) fn pieces(self, units: i32) -> impl Iterator<Item = Self> {
        let step = usize::try_from(units).unwrap_or(1);
        (self.first..=self.last).step_by(step).map(move |first| Self {
            first,
            last: self.last.min(first.saturating_add(units - 1)),
            ..self
        })
    }
}

/// One piece of the load.
#[derive(Clone, Copy)]
pub(super) struct Chunk {
    pub(super) table: &'static Table,
    /// Counted within the table.
    pub(super) number: i32,
    pub(super) span: Span,
}

/// All chunks of all tables.
pub(super) fn all(catalogue: &Catalogue) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    for table in tables::ALL {
        let units = (table.units)(catalogue);
        let rounds = (0..table.rounds).map(|round| Span { round, first: 1, last: units });
        let spans = rounds.flat_map(|round| round.pieces(CHUNK_UNITS));
        chunks.extend((0..).zip(spans).map(|(number, span)| Chunk { table, number, span }));
    }
    chunks
}
