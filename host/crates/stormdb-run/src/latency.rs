//! Latency histograms: log-linear, nanoseconds, mergeable without loss.

mod buckets;
mod record;
mod summary;

pub use summary::LatencySummary;

use std::mem;

/// Latencies in nanoseconds; any quantile is within 0.4 % of the exact one.
///
/// Every power of two is split into 128 buckets of the same width. A quantile is the middle of its
/// bucket, which is at most 1/256 from what is in it. Count, minimum, maximum, mean and variance
/// are exact. A latency of 2^46 ns (19.5 h) or more counts as one nanosecond less than that.
///
/// An empty histogram takes no memory, any other one 40 KiB. Counts have 64 bits: 32 bits would
/// save half of it, and wrap after an hour of a million operations per second in one bucket.
#[derive(Clone, Debug)]
pub struct LatencyHistogram {
    /// By bucket; empty before the first latency.
    counts: Vec<u64>,
    n: u64,
    /// Above `max_ns` where there is no latency.
    min_ns: u64,
    max_ns: u64,
    sum_ns: u128,
    /// Modulo 2^128. Sums of squared deviations come from it by additions and multiplications, so
    /// that these are exact as long as they are below 2^128 themselves.
    squares_ns2: u128,
}

impl Default for LatencyHistogram {
    fn default() -> Self {
        Self { counts: Vec::new(), n: 0, min_ns: u64::MAX, max_ns: 0, sum_ns: 0, squares_ns2: 0 }
    }
}

impl LatencyHistogram {
    /// Counts one latency. Allocates for the first one only.
    #[inline]
    pub fn record(&mut self, nanoseconds: u64) {
        self.record_many(nanoseconds, 1);
    }

    /// Counts the same latency several times.
    #[inline]
    fn record_many(&mut self, nanoseconds: u64, times: u64) {
        let nanoseconds = nanoseconds.min(buckets::LONGEST_NS);
        let bucket = buckets::index(nanoseconds);
        // What is out of bounds without buckets is within them ever after, so that looking for
        // memory costs nothing beyond the check that an index needs anyway.
        match self.counts.get_mut(bucket) {
            Some(count) => *count += times,
            None => self.begin(bucket, times),
        }
        self.n += times;
        self.min_ns = self.min_ns.min(nanoseconds);
        self.max_ns = self.max_ns.max(nanoseconds);
        let (nanoseconds, times) = (u128::from(nanoseconds), u128::from(times));
        self.sum_ns += nanoseconds * times;
        let squares = (nanoseconds * nanoseconds).wrapping_mul(times);
        self.squares_ns2 = self.squares_ns2.wrapping_add(squares);
    }

    #[cold]
    #[inline(never)]
    fn begin(&mut self, bucket: usize, times: u64) {
        self.counts = vec![0; buckets::COUNT];
        self.counts[bucket] = times;
    }

    /// Adds another histogram's latencies, as if they had been recorded here.
    pub fn merge(&mut self, other: &Self) {
        let Self { counts, n, min_ns, max_ns, sum_ns, squares_ns2 } = other;
        if *n == 0 {
            return;
        }
        if self.counts.is_empty() {
            self.counts = vec![0; buckets::COUNT];
        }
        let used = other.used();
        for (mine, theirs) in self.counts[used.clone()].iter_mut().zip(&counts[used]) {
            *mine += theirs;
        }
        self.n += n;
        self.min_ns = self.min_ns.min(*min_ns);
        self.max_ns = self.max_ns.max(*max_ns);
        self.sum_ns += sum_ns;
        self.squares_ns2 = self.squares_ns2.wrapping_add(*squares_ns2);
    }

    /// Forgets all latencies and keeps the memory.
    pub fn clear(&mut self) {
        let used = self.used();
        self.counts[used].fill(0);
        let counts = mem::take(&mut self.counts);
        *self = Self { counts, ..Self::default() };
    }

    /// Number of latencies.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.n
    }

    /// The latency at `quantile` (0 to 1) in milliseconds; nothing where fewer than one latency
    /// is expected beyond it.
    ///
    /// It is that of rank ⌈quantile × count⌉ in ascending order.
    #[must_use]
    pub fn quantile_ms(&self, quantile: f64) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "a count of operations is far below 2^53")]
        let n = self.n as f64;
        let beyond = n * (1.0 - quantile);
        // The product carries rounding error: 1000 * (1 - 0.999) is 1.0000000000000009.
        if self.n == 0 || (quantile < 1.0 && beyond < 1.0 - 1e-9) {
            return None;
        }
        // It does here, too: 0.07 * 100 is 7.000000000000001.
        let rank = (quantile * n * (1.0 - f64::EPSILON)).ceil();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a conversion to an integer ends at its bounds, and so do ranks"
        )]
        Some(milliseconds(self.at_rank(rank as u64)))
    }

    /// The latency at a rank from 1 to the count; the first and the last one are exact.
    fn at_rank(&self, rank: u64) -> u64 {
        if rank <= 1 {
            return self.min_ns;
        }
        let mut passed = 0;
        let found = self.occupied().find(|&(_, count)| {
            passed += count;
            passed >= rank
        });
        match found {
            Some((bucket, _)) if rank < self.n => {
                buckets::middle(bucket).clamp(self.min_ns, self.max_ns)
            }
            _ => self.max_ns,
        }
    }

    /// Statistics of all latencies.
    #[must_use]
    pub fn summary(&self) -> LatencySummary {
        LatencySummary::of(self)
    }

    /// The buckets between the shortest latency and the longest.
    fn used(&self) -> std::ops::Range<usize> {
        if self.n == 0 {
            return 0..0;
        }
        buckets::index(self.min_ns)..buckets::index(self.max_ns) + 1
    }

    /// Buckets that hold something, with their counts, in ascending order.
    fn occupied(&self) -> impl Iterator<Item = (usize, u64)> {
        let used = self.used();
        used.clone().zip(self.counts[used].iter().copied()).filter(|&(_, count)| count > 0)
    }
}

/// What counts is what was recorded, not whether memory was taken for it.
impl PartialEq for LatencyHistogram {
    fn eq(&self, other: &Self) -> bool {
        let exact = |it: &Self| (it.n, it.min_ns, it.max_ns, it.sum_ns, it.squares_ns2);
        exact(self) == exact(other) && self.counts[self.used()] == other.counts[other.used()]
    }
}

fn milliseconds(nanoseconds: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "the longest latency is below 2^53")]
    let nanoseconds = nanoseconds as f64;
    nanoseconds / 1e6
}

#[cfg(test)]
mod tests;
