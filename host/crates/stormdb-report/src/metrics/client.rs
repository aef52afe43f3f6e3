//! The load process itself.

use stormdb_run::latency::{LatencyHistogram, LatencySummary};

use crate::{
    figure::{Cell, Figure, Reason},
    metric::{BandFacts, Metric, latency},
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

/// CPU time of the busiest executor, as a share of the measured phase.
pub static EXECUTOR_UTILISATION: Metric = Metric::performance("executor_utilisation", |band| {
    let shares = band.measurement.executor_loads.iter().map(|load| load.utilisation);
    Figure::number(shares.reduce(f64::max).ok_or(Reason::NotReported)?, 4)
});

/// How late executors came to what was due.
pub static LAG_P99: Metric =
    Metric::performance("p99_scheduling_lag_ms", |band| lag(band, |summary| summary.p99_ms));

pub static LAG_MAXIMUM: Metric =
    Metric::performance("max_scheduling_lag_ms", |band| lag(band, |summary| summary.max_ms));

fn lag(band: &BandFacts<'_>, figure: fn(&LatencySummary) -> Option<f64>) -> Cell {
    let mut lag = LatencyHistogram::default();
    band.measurement.executor_loads.iter().for_each(|load| lag.merge(&load.lag));
    if lag.count() == 0 {
        return Err(Reason::NotReported);
    }
    let summary = lag.summary();
    latency(&summary, figure(&summary))
}
