//! Operations that arrive at a given rate: how many were asked for, how many began, and how late.

use crate::{
    figure::{Figure, Reason},
    metric::{ArrivalFacts, BandFacts, Metric, latency},
};

const DECIMALS: i32 = 4;

/// Operations per second that were asked for.
pub static ASKED: Metric =
    Metric::performance("arrival_rate", |band| Figure::number(arrivals(band)?.asked, DECIMALS));

/// Operations per second that began, whatever became of them.
pub static ACHIEVED: Metric = Metric::performance("achieved_rate", |band| {
    arrivals(band)?;
    Figure::number(band.measurement.begun_per_second().ok_or(Reason::NoLength)?, DECIMALS)
});

/// Operations that were scheduled in the measured phase and never began.
pub static UNSTARTED: Metric =
    Metric::performance("unstarted", |band| Ok(Figure::Count(arrivals(band)?.unstarted)));

/// From a scheduled start to the moment at which the worker that waited for it went on.
pub static LATENESS_P50: Metric = Metric::performance("p50_lateness_ms", |band| {
    let lateness = &arrivals(band)?.lateness;
    latency(lateness, lateness.p50_ms)
});

pub static LATENESS_P99: Metric = Metric::performance("p99_lateness_ms", |band| {
    let lateness = &arrivals(band)?.lateness;
    latency(lateness, lateness.p99_ms)
});

fn arrivals<'a>(band: &'a BandFacts<'_>) -> Result<&'a ArrivalFacts, Reason> {
    band.arrivals.as_ref().ok_or(Reason::ClosedLoop)
}
