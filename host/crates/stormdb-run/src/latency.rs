//! Latency histograms: HDR, nanoseconds, three significant digits, mergeable without loss.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hdrhistogram::{
    Histogram,
    serialization::{Deserializer, Serializer, V2Serializer},
};
use serde::{Deserialize, Serialize, de, ser};

/// Longest latency that is told apart; a longer one counts as this one.
const HIGHEST_NS: u64 = 3_600_000_000_000;
const SIGNIFICANT_DIGITS: u8 = 3;

/// Latencies in nanoseconds; any quantile is within 0.1 % of the exact one.
///
/// In a record it is a base64 string of the HDR V2 encoding, which other HDR tools read.
#[derive(Clone, Debug, PartialEq)]
pub struct LatencyHistogram(Histogram<u64>);

impl Default for LatencyHistogram {
    fn default() -> Self {
        let empty = Histogram::new_with_bounds(1, HIGHEST_NS, SIGNIFICANT_DIGITS);
        #[expect(clippy::expect_used, reason = "the bounds are constants that a test covers")]
        Self(empty.expect("1 ns to 1 h at three digits is a valid range"))
    }
}

impl LatencyHistogram {
    /// Counts one latency.
    pub fn record(&mut self, nanoseconds: u64) {
        self.0.saturating_record(nanoseconds);
    }

    /// Adds another histogram's counts.
    pub fn merge(&mut self, other: &Self) {
        // Both have the same bounds, so that nothing can fall outside.
        let added = self.0.add(&other.0);
        debug_assert!(added.is_ok());
    }

    /// Forgets all counts and keeps the memory.
    pub fn clear(&mut self) {
        self.0.reset();
    }

    /// Number of latencies.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.len()
    }

    /// The latency at `quantile` (0 to 1) in milliseconds; nothing where fewer than one latency
    /// is expected beyond it.
    #[must_use]
    pub fn quantile_ms(&self, quantile: f64) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "a count of operations is far below 2^53")]
        let beyond = self.count() as f64 * (1.0 - quantile);
        // The product carries rounding error: 1000 * (1 - 0.999) is 1.0000000000000009.
        if self.count() == 0 || (quantile < 1.0 && beyond < 1.0 - 1e-9) {
            return None;
        }
        Some(milliseconds(self.0.value_at_quantile(quantile)))
    }

    /// Statistics of all latencies.
    #[must_use]
    pub fn summary(&self) -> LatencySummary {
        let n = self.count();
        let mean_ms = (n > 0).then(|| self.0.mean() / 1e6);
        #[expect(clippy::cast_precision_loss, reason = "a count of operations is far below 2^53")]
        let variance_ms2 = (n > 1).then(|| {
            // The histogram divides by n; the unbiased estimate divides by n - 1.
            (self.0.stdev() / 1e6).powi(2) * n as f64 / (n - 1) as f64
        });
        let sd_ms = variance_ms2.map(f64::sqrt);
        LatencySummary {
            n,
            mean_ms,
            sd_ms,
            variance_ms2,
            cov: sd_ms.zip(mean_ms).filter(|&(_, mean)| mean > 0.0).map(|(sd, mean)| sd / mean),
            min_ms: (n > 0).then(|| milliseconds(self.0.min())),
            max_ms: (n > 0).then(|| milliseconds(self.0.max())),
            p50_ms: self.quantile_ms(0.5),
            p95_ms: self.quantile_ms(0.95),
            p99_ms: self.quantile_ms(0.99),
            p999_ms: self.quantile_ms(0.999),
        }
    }
}

fn milliseconds(nanoseconds: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "one hour in nanoseconds is below 2^53")]
    let nanoseconds = nanoseconds as f64;
    nanoseconds / 1e6
}

/// Statistics of a latency histogram, in milliseconds; absent where `n` is too small for them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LatencySummary {
    pub n: u64,
    pub mean_ms: Option<f64>,
    /// Unbiased standard deviation.
    pub sd_ms: Option<f64>,
    pub variance_ms2: Option<f64>,
    /// Coefficient of variation, `sd / mean`.
    pub cov: Option<f64>,
    pub min_ms: Option<f64>,
    pub max_ms: Option<f64>,
    pub p50_ms: Option<f64>,
    pub p95_ms: Option<f64>,
    pub p99_ms: Option<f64>,
    pub p999_ms: Option<f64>,
}

impl Serialize for LatencyHistogram {
    fn serialize<S: ser::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::new();
        V2Serializer::new().serialize(&self.0, &mut bytes).map_err(ser::Error::custom)?;
        serializer.serialize_str(&STANDARD.encode(bytes))
    }
}

impl<'de> Deserialize<'de> for LatencyHistogram {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = STANDARD.decode(text).map_err(de::Error::custom)?;
        let read: Histogram<u64> =
            Deserializer::new().deserialize(&mut bytes.as_slice()).map_err(de::Error::custom)?;
        let mut histogram = Self::default();
        histogram.0.add(&read).map_err(de::Error::custom)?;
        Ok(histogram)
    }
}

#[cfg(test)]
mod tests {
    use super::LatencyHistogram;

    fn of(latencies_ns: impl IntoIterator<Item = u64>) -> LatencyHistogram {
        let mut histogram = LatencyHistogram::default();
        latencies_ns.into_iter().for_each(|latency| histogram.record(latency));
        histogram
    }

    #[test]
    fn quantiles_are_within_a_thousandth_of_the_exact_ones() {
        let histogram = of((1..=100_000).map(|i| i * 1000));
        for (quantile, exact_ms) in [(0.5, 50.0), (0.95, 95.0), (0.99, 99.0), (0.999, 99.9)] {
            let found = histogram.quantile_ms(quantile).unwrap();
            assert!((found / exact_ms - 1.0).abs() < 1e-3, "{quantile}: {found} ms");
        }
    }

    #[test]
    fn a_quantile_without_a_latency_beyond_it_is_absent() {
        let summary = of(1..=999).summary();
        assert!(summary.p99_ms.is_some());
        assert_eq!(summary.p999_ms, None);
        assert!(of(1..=1000).summary().p999_ms.is_some());
        let empty = of([]).summary();
        assert_eq!((empty.n, empty.mean_ms, empty.p50_ms, empty.sd_ms), (0, None, None, None));
    }

    #[test]
    fn the_variance_is_unbiased() {
        let summary = of([1_000_000, 3_000_000]).summary();
        assert!((summary.variance_ms2.unwrap() - 2.0).abs() < 0.01);
    }

    #[test]
    fn a_record_keeps_every_count() {
        let histogram = of([1, 70_000, 70_000, 5_000_000_000, u64::MAX]);
        let json = serde_json::to_string(&histogram).unwrap();
        assert_eq!(serde_json::from_str::<LatencyHistogram>(&json).unwrap(), histogram);
    }
}
