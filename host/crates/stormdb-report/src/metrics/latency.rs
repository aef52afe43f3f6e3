//! Response time of succeeded operations: the wait for a connection and retries included.

use crate::{
    figure::{Figure, Reason},
    metric::{Metric, half_width, latency},
};

pub static AVERAGE: Metric =
    Metric::performance("avg_latency_ms", |band| latency(&band.response, band.response.mean_ms));

pub static P50: Metric =
    Metric::performance("p50_latency_ms", |band| latency(&band.response, band.response.p50_ms));

pub static P95: Metric =
    Metric::performance("p95_latency_ms", |band| latency(&band.response, band.response.p95_ms));

pub static P99: Metric =
    Metric::performance("p99_latency_ms", |band| latency(&band.response, band.response.p99_ms));

/// Half-width of the 95 % confidence interval of the 95th percentile, from its values in batches of intervals.
pub static P95_INTERVAL: Metric =
    Metric::performance("p95_latency_ci95_half_width_ms", |band| half_width(band.percentiles.p95));

pub static P99_INTERVAL: Metric =
    Metric::performance("p99_latency_ci95_half_width_ms", |band| half_width(band.percentiles.p99));

pub static P999: Metric =
    Metric::performance("p999_latency_ms", |band| latency(&band.response, band.response.p999_ms));

pub static MAXIMUM: Metric =
    Metric::performance("max_latency_ms", |band| latency(&band.response, band.response.max_ms));

/// Unbiased, in milliseconds.
pub static STANDARD_DEVIATION: Metric =
    Metric::performance("std_dev_latency", |band| latency(&band.response, band.response.sd_ms));

/// Unbiased, in square milliseconds.
pub static VARIANCE: Metric = Metric::performance("variance_latency_ms2", |band| {
    latency(&band.response, band.response.variance_ms2)
});

/// Standard deviation over mean.
pub static VARIATION: Metric = Metric::performance("coefficient_of_variation_latency", |band| {
    Figure::number(band.response.cov.ok_or(Reason::TooFewOperations)?, 4)
});
