//! Statistics of a latency histogram.

use serde::{Deserialize, Serialize};

use super::{LatencyHistogram, milliseconds};

/// Statistics of a latency histogram, in milliseconds; absent where `n` is too small for them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LatencySummary {
    pub n: u64,
    /// Exact, as are the three after it.
    pub mean_ms: Option<f64>,
    /// Unbiased standard deviation.
    pub sd_ms: Option<f64>,
    pub variance_ms2: Option<f64>,
    /// Coefficient of variation, `sd / mean`.
    pub cov: Option<f64>,
    /// Exact.
    pub min_ms: Option<f64>,
    /// Exact.
    pub max_ms: Option<f64>,
    pub p50_ms: Option<f64>,
    pub p95_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    pub p999_ms: Option<f64>,
}

impl LatencySummary {
    pub(super) fn of(latencies: &LatencyHistogram) -> Self {
        let n = latencies.n;
        let mean_ms = (n > 0).then(|| mean_ns(latencies) / 1e6);
        let variance_ms2 = (n > 1).then(|| variance_ns2(latencies) / 1e12);
        let sd_ms = variance_ms2.map(f64::sqrt);
        Self {
            n,
            mean_ms,
            sd_ms,
            variance_ms2,
            cov: sd_ms.zip(mean_ms).filter(|&(_, mean)| mean > 0.0).map(|(sd, mean)| sd / mean),
            min_ms: (n > 0).then(|| milliseconds(latencies.min_ns)),
            max_ms: (n > 0).then(|| milliseconds(latencies.max_ns)),
            p50_ms: latencies.quantile_ms(0.5),
            p95_ms: latencies.quantile_ms(0.95),
            p99_ms: latencies.quantile_ms(0.99),
            p999_ms: latencies.quantile_ms(0.999),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a mean needs no more than 53 bits")]
fn mean_ns(latencies: &LatencyHistogram) -> f64 {
    latencies.sum_ns as f64 / latencies.n as f64
}

/// Unbiased: squared deviations from the mean, over n - 1.
///
/// The deviations are taken from the whole nanosecond below the mean, in integers, so that nothing
/// cancels; what is left is below a nanosecond squared for each.
#[expect(clippy::cast_precision_loss, reason = "a variance needs no more than 53 bits")]
fn variance_ns2(latencies: &LatencyHistogram) -> f64 {
    let n = u128::from(latencies.n);
    let (centre, rest) = (latencies.sum_ns / n, latencies.sum_ns % n);
    let shift = centre.wrapping_mul((2 * latencies.sum_ns) - n * centre);
    let deviations = latencies.squares_ns2.wrapping_sub(shift);
    let remainder = rest as f64 * (rest as f64 / n as f64);
    (deviations as f64 - remainder).max(0.0) / (n - 1) as f64
}
