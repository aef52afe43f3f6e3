//! Consecutive units of a table.

/// Consecutive units of a table in one of its rounds; both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// A table with n rows per unit may go through its units n times; the first round is 0.
    pub round: i32,
    pub first: i32,
    pub last: i32,
}

impl Span {
    /// The units of the span.
    pub fn units(self) -> impl Iterator<Item = i32> {
        self.first..=self.last
    }

    /// How many units there are.
    #[must_use]
    pub fn len(self) -> u64 {
        if self.is_empty() { 0 } else { u64::from(self.last.abs_diff(self.first)) + 1 }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.first > self.last
    }

    /// This span in pieces of at most `units` units.
    pub(crate) fn pieces(self, units: i32) -> impl Iterator<Item = Self> {
        let step = usize::try_from(units).unwrap_or(1).max(1);
        (self.first..=self.last).step_by(step).map(move |first| Self {
            first,
            last: self.last.min(first.saturating_add(units.max(1) - 1)),
            ..self
        })
    }
}
