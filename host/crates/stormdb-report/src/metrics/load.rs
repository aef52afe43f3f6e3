//! How long a band lasted and what it did.

use crate::{
    figure::Figure,
    metric::{Metric, Section},
};

/// Of the measured phase.
pub static DURATION: Metric = Metric {
    name: "duration_seconds",
    section: Section::Band,
    absent_word: None,
    of: |band| Figure::number(band.measurement.seconds, 3),
};

pub static OPERATIONS: Metric =
    Metric::performance("operations", |band| Ok(Figure::Count(band.measurement.counts.operations)));

pub static ROWS_READ: Metric =
    Metric::performance("rows_read", |band| Ok(Figure::Count(band.measurement.counts.rows_read)));

pub static ROWS_WRITTEN: Metric = Metric::performance("rows_written", |band| {
    Ok(Figure::Count(band.measurement.counts.rows_written))
});
