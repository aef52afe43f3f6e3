//! Numbers of findings, rounded to what they mean.

use serde::Serialize;
use stormdb_analysis::descriptive::Interval;

use crate::figure::Figure;

/// An interval as a list of two.
#[derive(Serialize)]
pub(super) struct Bounds([Figure; 2]);

impl Bounds {
    pub(super) fn of(interval: Interval) -> Option<Self> {
        Some(Self([significant(interval.low)?, significant(interval.high)?]))
    }
}

/// Six significant digits.
pub(super) fn significant(value: f64) -> Option<Figure> {
    Figure::significant(value).ok()
}

/// Milliseconds of seconds.
pub(super) fn milliseconds(seconds: f64) -> Option<Figure> {
    significant(seconds * 1000.0)
}
