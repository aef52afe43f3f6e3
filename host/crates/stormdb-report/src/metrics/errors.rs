//! Operations that failed, were tried again, or were cut off.

use crate::{
    figure::{Figure, Reason},
    metric::Metric,
};

/// Operations that failed for good.
pub static ERRORS: Metric =
    Metric::performance("errors", |band| Ok(Figure::Count(band.measurement.counts.failed)));

/// Failed operations as a share (0 to 1) of all that ended.
pub static RATE: Metric = Metric::performance("error_rate", |band| {
    let rate = band.measurement.counts.error_rate().ok_or(Reason::NothingCompleted)?;
    Figure::number(rate, 6)
});

/// `class=count` of every class of error, separated by `;`, in the order of the record.
pub static BY_CLASS: Metric = Metric::performance("errors_by_class", |band| {
    let tallies = band.measurement.errors.iter();
    let tallies: Vec<_> = tallies.map(|tally| format!("{}={}", tally.class, tally.count)).collect();
    Ok(Figure::Word(tallies.join(";")))
});

/// Further tries after a serialization failure or a deadlock.
pub static RETRIES: Metric =
    Metric::performance("retries", |band| Ok(Figure::Count(band.measurement.counts.retries)));

/// Operations that were still under way when the drain ended.
pub static CANCELLED: Metric = Metric::performance("cancelled_at_drain", |band| {
    Ok(Figure::Count(band.measurement.cancelled_at_drain))
});
