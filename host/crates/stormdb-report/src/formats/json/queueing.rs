//! `queueing`: what the models expect beside what was measured.

use serde::Serialize;
use stormdb_analysis::assess::queueing::{
    ClosedBand, ClosedQueueing, OpenBand, OpenQueueing, OpenState, Queueing,
};

use super::numbers::{milliseconds, significant};
use crate::{figure::Figure, model::Report};

#[derive(Serialize)]
#[serde(tag = "loop", rename_all = "snake_case")]
pub(super) enum Queues {
    Closed(Closed),
    Open(Open),
}

#[derive(Serialize)]
pub(super) struct Closed {
    service_time_ms: Option<Figure>,
    /// `low_load`, `cpu_demand`, `saturation` or `statements`.
    service_time_source: &'static str,
    /// Whether network round trips are taken off a time of a lone worker; null for other sources.
    round_trips_known: Option<bool>,
    base_band: Option<u32>,
    base_response_ms: Option<Figure>,
    /// Null while nothing saturates.
    bottleneck: Option<Bottleneck>,
    bands: Vec<ClosedRow>,
}

#[derive(Serialize)]
struct Bottleneck {
    servers: Option<Figure>,
    /// Whether these are the server's cores, and not inferred from the highest throughput.
    servers_known: bool,
    throughput_max_tps: Option<Figure>,
    knee_workers: Option<Figure>,
}

#[derive(Serialize)]
struct ClosedRow {
    band_number: Option<u32>,
    bound_tps: Option<Figure>,
    bound_response_ms: Option<Figure>,
    expected_tps: Option<Figure>,
    expected_response_ms: Option<Figure>,
    /// Measured over expected, less 1.
    tps_residual: Option<Figure>,
    tps_residual_ci95_half_width: Option<Figure>,
    response_residual: Option<Figure>,
    expected_pool_wait_ms: Option<Figure>,
    measured_pool_wait_ms: Option<Figure>,
}

#[derive(Serialize)]
pub(super) struct Open {
    base_band: Option<u32>,
    service_time_ms: Option<Figure>,
    /// Coefficient of variation.
    service_time_cov: Option<Figure>,
    bands: Vec<OpenRow>,
}

#[derive(Serialize)]
struct OpenRow {
    band_number: Option<u32>,
    arrival_rate: Option<Figure>,
    servers: u32,
    rho: Option<Figure>,
    stable: bool,
    /// Null when unstable.
    wait_probability: Option<Figure>,
    expected_wait_ms: Option<Figure>,
    measured_wait_ms: Option<Figure>,
    /// Operations per second by which the queue grows; null when stable.
    queue_growth_per_second: Option<Figure>,
}

impl Queues {
    pub(super) fn of(report: &Report<'_>, queueing: &Queueing) -> Self {
        let band = |position: usize| report.analysis.first_band(position);
        match queueing {
            Queueing::Closed(found) => Self::Closed(Closed::of(found, band)),
            Queueing::Open(found) => Self::Open(Open::of(found, band)),
        }
    }
}

impl Closed {
    fn of(found: &ClosedQueueing, band: impl Fn(usize) -> Option<u32>) -> Self {
        Self {
            service_time_ms: milliseconds(found.service.seconds),
            service_time_source: found.service.source.name(),
            round_trips_known: found.round_trips_known,
            base_band: band(found.base),
            base_response_ms: milliseconds(found.base_response_s),
            bottleneck: found.bottleneck.map(|demand| Bottleneck {
                servers: significant(demand.servers),
                servers_known: demand.servers_known,
                throughput_max_tps: significant(demand.throughput_max),
                knee_workers: significant(demand.knee_workers),
            }),
            bands: (found.bands.iter().enumerate())
                .map(|(position, found)| ClosedRow::of(band(position), found))
                .collect(),
        }
    }
}

impl ClosedRow {
    fn of(band_number: Option<u32>, found: &ClosedBand) -> Self {
        let expected = found.expected.as_ref();
        Self {
            band_number,
            bound_tps: significant(found.bound_tps),
            bound_response_ms: milliseconds(found.bound_response_s),
            expected_tps: expected.and_then(|expected| significant(expected.tps)),
            expected_response_ms: expected.and_then(|expected| milliseconds(expected.response_s)),
            tps_residual: expected.and_then(|expected| significant(expected.tps_residual)),
            tps_residual_ci95_half_width: expected
                .and_then(|expected| significant(expected.tps_residual_half_width?)),
            response_residual: expected
                .and_then(|expected| significant(expected.response_residual?)),
            expected_pool_wait_ms: found.pool.and_then(|pool| milliseconds(pool.expected_wait_s)),
            measured_pool_wait_ms: found.pool.and_then(|pool| milliseconds(pool.measured_wait_s?)),
        }
    }
}

impl Open {
    fn of(found: &OpenQueueing, band: impl Fn(usize) -> Option<u32>) -> Self {
        let rows = found.bands.iter().enumerate();
        Self {
            base_band: band(found.base),
            service_time_ms: milliseconds(found.service_s),
            service_time_cov: found.service_cov.and_then(significant),
            bands: rows
                .filter_map(|(position, found)| Some(OpenRow::of(band(position), found.as_ref()?)))
                .collect(),
        }
    }
}

impl OpenRow {
    fn of(band_number: Option<u32>, found: &OpenBand) -> Self {
        let (stable, wait_probability, expected_wait_ms, growth) = match found.state {
            OpenState::Stable { p_wait, wait_s } => {
                (true, significant(p_wait), milliseconds(wait_s), None)
            }
            OpenState::Unstable { growth_per_second } => {
                (false, None, None, significant(growth_per_second))
            }
        };
        Self {
            band_number,
            arrival_rate: significant(found.arrival_rate),
            servers: found.servers,
            rho: significant(found.rho),
            stable,
            wait_probability,
            expected_wait_ms,
            measured_wait_ms: found.measured_wait_s.and_then(milliseconds),
            queue_growth_per_second: growth,
        }
    }
}
