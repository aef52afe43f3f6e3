//! The load process itself.

use crate::{
    figure::{Figure, Reason},
    metric::Metric,
};

/// Single-threaded executors that shared the band.
pub static EXECUTORS: Metric = Metric::performance("executors", |band| {
    Ok(Figure::Count(u64::from(band.measurement.executors)))
});

/// CPU seconds in the measured phase.
pub static CPU: Metric = Metric::performance("client_cpu_seconds", |band| {
    Figure::number(band.measurement.client_cpu_seconds.ok_or(Reason::NotReported)?, 3)
});

/// Peak resident memory so far.
pub static MEMORY: Metric = Metric::performance("client_peak_rss_bytes", |band| {
    Ok(Figure::Count(band.measurement.peak_rss_bytes.ok_or(Reason::NotReported)?))
});
