//! How sure the percentiles of a band are, from the histograms of its intervals.

use stormdb_analysis::{
    Error,
    quantile_interval::{enough, half_width},
    steady_mean::{BATCHES_MIN, SteadyMean, steady_mean},
};

use crate::{
    assess::{CONFIDENCE, per_second},
    latency::LatencyHistogram,
    measurement::{BandMeasurement, Interval},
    record::BandRecord,
};

/// Half the confidence interval of a percentile at [`CONFIDENCE`], in milliseconds, or why there is none.
pub type HalfWidth = Result<f64, Unsure>;

/// Why a percentile has no interval.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsure {
    /// The band is too short for independent batches.
    TooShort,
    /// Throughput had not settled.
    NotSteady,
    /// A batch has fewer than 20 operations beyond the percentile.
    TooFewOperations,
}

/// The intervals of a band's percentiles of the response time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PercentileIntervals {
    pub p95: HalfWidth,
    pub p99: HalfWidth,
}

impl PercentileIntervals {
    /// Intervals are joined to batches that span 5 autocorrelation times of the throughput, in which each percentile
    /// is taken anew; fewer and longer ones where a batch would have too few operations.
    ///
    /// # Errors
    /// The record holds numbers that no run measures.
    pub fn of(band: &BandRecord, measurement: &BandMeasurement) -> Result<Self, Error> {
        let settled = match steady_mean(&per_second(&band.intervals), CONFIDENCE)? {
            SteadyMean::Steady { warm_up, batches, .. } => {
                Settled { intervals: band.intervals.get(warm_up..).unwrap_or_default(), batches }
            }
            SteadyMean::NotSteady { .. } => return Ok(Self::none(Unsure::NotSteady)),
            SteadyMean::TooShort { .. } => return Ok(Self::none(Unsure::TooShort)),
        };
        let at = |p: f64| settled.half_width(&measurement.response, p);
        Ok(Self { p95: at(0.95)?, p99: at(0.99)? })
    }

    fn none(why: Unsure) -> Self {
        Self { p95: Err(why), p99: Err(why) }
    }
}

/// The intervals after the warm-up, and how many independent batches they make.
struct Settled<'a> {
    intervals: &'a [Interval],
    batches: usize,
}

impl Settled<'_> {
    fn half_width(&self, all: &LatencyHistogram, p: f64) -> Result<HalfWidth, Error> {
        let Some(quantile) = all.quantile_ms(p) else { return Ok(Err(Unsure::TooFewOperations)) };
        let held = |batch: &[Interval]| batch.iter().map(|it| it.response.count()).sum::<u64>();
        let fits = |&batches: &usize| self.split(batches).all(|batch| enough(held(batch), p));
        let Some(batches) = (BATCHES_MIN..=self.batches).rev().find(fits) else {
            return Ok(Err(Unsure::TooFewOperations));
        };
        let quantiles: Option<Vec<f64>> = self
            .split(batches)
            .map(|batch| {
                let mut merged = LatencyHistogram::default();
                batch.iter().for_each(|interval| merged.merge(&interval.response));
                merged.quantile_ms(p)
            })
            .collect();
        let Some(quantiles) = quantiles else { return Ok(Err(Unsure::TooFewOperations)) };
        half_width(quantile, &quantiles, CONFIDENCE).map(Ok)
    }

    /// Batches of equal length; what is left over is at the start.
    fn split(&self, batches: usize) -> impl Iterator<Item = &[Interval]> {
        let size = (self.intervals.len() / batches).max(1);
        let rest = self.intervals.len().saturating_sub(size * batches);
        self.intervals[rest..].chunks_exact(size)
    }
}
