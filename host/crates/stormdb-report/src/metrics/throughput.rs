//! Operations and statements per second.

use stormdb_analysis::steady_mean::SteadyMean;

use crate::{
    figure::{Figure, Reason},
    metric::Metric,
};

const DECIMALS: i32 = 4;

/// Succeeded operations per second.
pub static TPS: Metric = Metric::performance("tps", |band| {
    Figure::number(band.measurement.tps().ok_or(Reason::NoLength)?, DECIMALS)
});

/// Half-width of the 95 % confidence interval of the throughput, from batch means of its seconds.
pub static INTERVAL: Metric =
    Metric::performance("tps_ci95_half_width", |band| match &band.analysed()?.run.throughput {
        SteadyMean::Steady { half_width, .. } => Figure::number(*half_width, DECIMALS),
        SteadyMean::NotSteady { .. } => Err(Reason::NotSteady),
        SteadyMean::TooShort { .. } => Err(Reason::TooShort),
    });

/// Statements of succeeded operations per second.
pub static QPS: Metric = Metric::performance("qps", |band| {
    Figure::number(band.measurement.qps().ok_or(Reason::NoLength)?, DECIMALS)
});

pub static PER_WORKER: Metric = Metric::analysis("efficiency_tps_per_worker", |band| {
    Figure::number(band.analysed()?.band.tps_per_worker, DECIMALS)
});

pub static PER_CONNECTION: Metric = Metric::analysis("tps_per_connection", |band| {
    Figure::number(band.analysed()?.band.tps_per_connection, DECIMALS)
});
