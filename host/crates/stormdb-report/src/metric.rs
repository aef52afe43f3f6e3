//! What is reported of every band: one list that all faces show.

use stormdb_analysis::{
    assess::{BandAssessment, RegionsAbsent, absent::Absent, regions::BandCertainty},
    bottleneck::Verdict,
};
use stormdb_run::{
    assess::{AssessedBand, AssessedRun},
    latency::LatencySummary,
    measurement::BandMeasurement,
    percentile::{HalfWidth, PercentileIntervals, Unsure},
};

use crate::{
    figure::{Cell, Figure, Reason},
    metrics::{arrivals, certainty, client, errors, latency, load, pool, scaling, throughput},
};

/// One figure of a band.
#[derive(Debug)]
pub struct Metric {
    /// Stable: the column of the CSV and the key of the JSON, with the unit where there is one.
    pub name: &'static str,
    pub section: Section,
    /// What stands in the CSV and the JSON for an absent figure; nothing: an empty cell and null.
    pub absent_word: Option<&'static str>,
    /// The figure of a finished band.
    pub of: fn(&BandFacts<'_>) -> Cell,
}

/// The place of a metric in a band's JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Beside the band's workers and connections.
    Band,
    Performance,
    Analysis,
}

/// All metrics, in the order of the CSV's columns after `band,workers,connections`.
///
/// The order down to `bottleneck_type` is that of the v0.2 layout; new ones go to the end.
pub static METRICS: &[&Metric] = &[
    &load::DURATION,
    &throughput::TPS,
    &latency::AVERAGE,
    &latency::P50,
    &latency::P95,
    &latency::P99,
    &latency::STANDARD_DEVIATION,
    &errors::ERRORS,
    &throughput::PER_WORKER,
    &scaling::MARGINAL_GAIN,
    &scaling::REGION,
    &scaling::BOTTLENECK,
    // The v0.2 layout ends here.
    &throughput::INTERVAL,
    &throughput::QPS,
    &throughput::PER_CONNECTION,
    &latency::P999,
    &latency::MAXIMUM,
    &latency::VARIANCE,
    &latency::VARIATION,
    &pool::SERVICE_AVERAGE,
    &pool::SERVICE_P95,
    &pool::WAIT_AVERAGE,
    &pool::WAIT_P95,
    &pool::UTILISATION,
    &errors::RATE,
    &errors::BY_CLASS,
    &errors::RETRIES,
    &errors::CANCELLED,
    &load::OPERATIONS,
    &load::ROWS_READ,
    &load::ROWS_WRITTEN,
    &scaling::RELATIVE_GAIN,
    &scaling::RELATIVE_EFFICIENCY,
    &scaling::EFFICIENCY_CLASS,
    &scaling::SECOND_DERIVATIVE,
    &scaling::LITTLE_RATIO,
    &client::EXECUTORS,
    &client::CPU,
    &client::MEMORY,
    &client::EXECUTOR_UTILISATION,
    &client::LAG_P99,
    &client::LAG_MAXIMUM,
    &arrivals::ASKED,
    &arrivals::ACHIEVED,
    &arrivals::UNSTARTED,
    &pool::SERVICE_P99,
    &arrivals::LATENESS_P50,
    &arrivals::LATENESS_P99,
    &certainty::REGION_PROBABILITY,
    &certainty::REGION_ALTERNATIVE,
    &certainty::OPTIMAL_PROBABILITY,
    &certainty::REPEATS,
    &certainty::POOLED_TPS,
    &certainty::POOLED_INTERVAL,
    &certainty::POOLED_SOURCE,
    &latency::P95_INTERVAL,
    &latency::P99_INTERVAL,
];

/// All that is known of a finished band.
pub struct BandFacts<'a> {
    pub measurement: &'a BandMeasurement,
    pub response: LatencySummary,
    pub service: LatencySummary,
    /// Absent where every worker has its own connection.
    pub pool_wait: Option<LatencySummary>,
    /// Absent for a closed loop.
    pub arrivals: Option<ArrivalFacts>,
    /// How sure the percentiles of the response time are.
    pub percentiles: PercentileIntervals,
    /// Absent for a band without length.
    pub analysed: Option<Analysed<'a>>,
}

/// What is known of the arrivals of an open loop.
pub struct ArrivalFacts {
    /// Operations per second.
    pub asked: f64,
    pub unstarted: u64,
    pub lateness: LatencySummary,
}

/// What the analysis found on a band.
#[derive(Clone, Copy)]
pub struct Analysed<'a> {
    /// This run of the band.
    pub run: &'a AssessedRun,
    /// The band with its repeats.
    pub measured: &'a AssessedBand,
    pub band: &'a BandAssessment,
    pub certainty: Result<&'a BandCertainty, Absent>,
    pub regions_absent: Option<RegionsAbsent>,
    /// What limits the band.
    pub verdict: Option<&'a Verdict>,
    /// More workers than the optimum has.
    pub beyond_optimum: bool,
}

impl BandFacts<'_> {
    pub(crate) fn analysed(&self) -> Result<Analysed<'_>, Reason> {
        self.analysed.ok_or(Reason::NoLength)
    }
}

impl Metric {
    pub(crate) const fn performance(name: &'static str, of: fn(&BandFacts<'_>) -> Cell) -> Self {
        Self { name, section: Section::Performance, absent_word: None, of }
    }

    pub(crate) const fn analysis(name: &'static str, of: fn(&BandFacts<'_>) -> Cell) -> Self {
        Self { name, section: Section::Analysis, absent_word: None, of }
    }
}

/// Half the interval of a percentile.
pub(crate) fn half_width(milliseconds: HalfWidth) -> Cell {
    let milliseconds = milliseconds.map_err(|unsure| match unsure {
        Unsure::TooShort => Reason::TooShort,
        Unsure::NotSteady => Reason::NotSteady,
        Unsure::TooFewOperations => Reason::TooFewInBatch,
    })?;
    Figure::number(milliseconds, LATENCY_DECIMALS)
}

/// Decimals of a latency in milliseconds: a tenth of a microsecond, beyond the resolution of the histograms.
const LATENCY_DECIMALS: i32 = 4;

/// A statistic of latencies, which only too few of them can withhold.
pub(crate) fn latency(summary: &LatencySummary, milliseconds: Option<f64>) -> Cell {
    let reason = if summary.n == 0 { Reason::NothingCompleted } else { Reason::TooFewOperations };
    Figure::number(milliseconds.ok_or(reason)?, LATENCY_DECIMALS)
}
