//! Every load that was measured as one point: its repeats pooled.

use stormdb_analysis::{
    Error,
    assess::{
        CONFIDENCE,
        points::{BandPoint, Margin},
        pooling::{RunMean, pool},
    },
    steady_mean::{SteadyMean, steady_mean},
};

use super::{AssessedBand, AssessedRun};
use crate::{
    config::run_config::ArrivalProcess,
    latency::LatencyHistogram,
    measurement::{BandMeasurement, Counts, Interval},
    plan::BandPlan,
    record::BandRecord,
};

/// A finished band and what it measured.
pub(super) type Measured<'a> = (&'a BandRecord, &'a BandMeasurement);

/// What bands must share to be repeats of one another, in the order in which loads grow.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Load {
    workers: u32,
    connections: u32,
    /// The bits of the arrival rate, which order positive rates as the rates themselves; 0 for a closed loop.
    rate: u64,
    constant_arrivals: bool,
}

impl Load {
    pub(super) fn of(plan: &BandPlan) -> Self {
        Self {
            workers: plan.workers,
            connections: plan.connections,
            rate: plan.arrivals.map_or(0, |arrivals| arrivals.rate.to_bits()),
            constant_arrivals: plan
                .arrivals
                .is_some_and(|arrivals| arrivals.process == ArrivalProcess::Constant),
        }
    }
}

/// One point of all runs of a load; none without runs.
pub(super) fn pooled(runs: &[Measured<'_>]) -> Result<Option<(AssessedBand, BandPoint)>, Error> {
    let Some((first, _)) = runs.first() else { return Ok(None) };
    let mut assessed = Vec::new();
    let mut means = Vec::new();
    for (band, measurement) in runs {
        let Some(tps) = measurement.tps() else { continue };
        let throughput = steady_mean(&per_second(&band.intervals), CONFIDENCE)?;
        means.push(RunMean { tps, margin: margin(&throughput) });
        assessed.push(AssessedRun { band: band.plan.index, tps, throughput });
    }
    let Some(mean) = pool(&means)? else { return Ok(None) };
    let BandPlan { workers, connections, arrivals, .. } = first.plan;
    let response = merged(runs, |measurement| Some(&measurement.response)).summary();
    let mut counts = Counts::default();
    runs.iter().for_each(|(_, measurement)| counts.add(&measurement.counts));
    let point = BandPoint {
        workers,
        connections,
        tps: mean.tps,
        tps_margin: mean.margin.map(|pooled| pooled.margin),
        // Operations of an open loop wait where no worker is busy with them.
        mean_response_ms: response.mean_ms.filter(|_| arrivals.is_none()),
        p95_ms: response.p95_ms,
        p99_ms: response.p99_ms,
        // A band in which nothing ended has no errors either.
        error_rate: counts.error_rate().unwrap_or(0.0),
    };
    let band = AssessedBand {
        workers,
        connections,
        arrivals,
        runs: assessed,
        tps: mean.tps,
        margin: mean.margin,
        p95_ms: point.p95_ms,
        error_rate: point.error_rate,
    };
    Ok(Some((band, point)))
}

/// The latencies of all runs together.
pub(super) fn merged(
    runs: &[Measured<'_>],
    of: fn(&BandMeasurement) -> Option<&LatencyHistogram>,
) -> LatencyHistogram {
    let mut all = LatencyHistogram::default();
    let latencies = runs.iter().filter_map(|(_, measurement)| of(measurement));
    latencies.for_each(|latencies| all.merge(latencies));
    all
}

fn margin(throughput: &SteadyMean) -> Option<Margin> {
    match throughput {
        SteadyMean::Steady { half_width, batches, .. } => {
            Some(Margin { half_width: *half_width, freedom: (batches - 1) as f64 })
        }
        SteadyMean::NotSteady { .. } | SteadyMean::TooShort { .. } => None,
    }
}

/// Throughput of the intervals of full length; the last one may be a remnant, which would be noisier than the rest.
pub(crate) fn per_second(intervals: &[Interval]) -> Vec<f64> {
    let full_ms = intervals.first().map_or(0, |first| first.length_ms);
    let mut whole = intervals;
    if let Some((last, before)) = intervals.split_last()
        && last.length_ms < full_ms / 2
    {
        whole = before;
    }
    whole.iter().filter_map(Interval::tps).collect()
}
