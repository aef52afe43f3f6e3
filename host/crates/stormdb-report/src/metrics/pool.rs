//! Connections: how long operations held one, how long workers waited for one, how busy all of them were.

use stormdb_run::latency::LatencySummary;

use crate::{
    figure::{Figure, Reason},
    metric::{BandFacts, Metric, latency},
};

pub static SERVICE_AVERAGE: Metric =
    Metric::performance("avg_service_ms", |band| latency(&band.service, band.service.mean_ms));

pub static SERVICE_P95: Metric =
    Metric::performance("p95_service_ms", |band| latency(&band.service, band.service.p95_ms));

pub static SERVICE_P99: Metric =
    Metric::performance("p99_service_ms", |band| latency(&band.service, band.service.p99_ms));

pub static WAIT_AVERAGE: Metric = Metric::performance("avg_pool_wait_ms", |band| {
    let wait = pool_wait(band)?;
    latency(wait, wait.mean_ms)
});

pub static WAIT_P95: Metric = Metric::performance("p95_pool_wait_ms", |band| {
    let wait = pool_wait(band)?;
    latency(wait, wait.p95_ms)
});

/// Time connections were held, as a share of connections × seconds.
pub static UTILISATION: Metric = Metric::performance("connection_utilisation", |band| {
    Figure::number(band.measurement.connection_utilisation, 4)
});

fn pool_wait<'a>(band: &'a BandFacts<'_>) -> Result<&'a LatencySummary, Reason> {
    band.pool_wait.as_ref().ok_or(Reason::OwnConnections)
}
