//! A record as the analysis sees it: every load that was measured a point, its repeats pooled, with the interval that
//! its seconds allow.

pub mod bottleneck;
pub mod doubt;

mod points;
mod queueing;

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
pub use stormdb_analysis::assess::CONFIDENCE;
use stormdb_analysis::{
    Error,
    assess::{
        Assessment, RegionsAbsent,
        absent::Absent,
        assess as assess_points,
        economy::{Cost, Economy, economy},
        fits::{Fits, fits},
        points::{BandPoint, Constraints},
        pooling::PooledMargin,
        queueing::Queueing,
    },
    steady_mean::SteadyMean,
    warning::Warning,
};

pub(crate) use self::points::per_second;
use self::{
    bottleneck::RunLimits,
    doubt::{Doubt, doubts},
    points::{Load, Measured, pooled},
    queueing::expectations,
};
use crate::{
    config::run_config::Arrivals,
    record::{BandRecord, RunRecord},
};

/// The share of its planned time that a band must have been measured for to be compared.
const ENOUGH: f64 = 0.5;

/// What the analysis finds in a record.
#[derive(Clone, Debug, PartialEq)]
pub struct RunAssessment {
    /// The loads that were assessed, by workers, connections and arrival rate.
    pub bands: Vec<AssessedBand>,
    /// What was assessed: one per band.
    pub points: Vec<BandPoint>,
    /// Its positions are positions in `bands`, as are those of all that follows.
    pub assessment: Assessment,
    pub fits: Result<Fits, Absent>,
    pub queueing: Result<Queueing, Absent>,
    pub economy: Result<Economy, Absent>,
    /// What to check before the run is trusted, beside the assessment's warnings.
    pub doubts: Vec<Doubt>,
    /// What limits each band.
    pub limits: RunLimits,
}

/// A load that was measured, once or several times.
#[derive(Clone, Debug, PartialEq)]
pub struct AssessedBand {
    pub workers: u32,
    pub connections: u32,
    /// Absent for a closed loop.
    pub arrivals: Option<Arrivals>,
    /// At least one, in the record's order.
    pub runs: Vec<AssessedRun>,
    /// Mean over the runs of their succeeded operations per second.
    pub tps: f64,
    /// Of `tps`, at [`CONFIDENCE`]; absent when a run was too short or not steady and there are too few others.
    pub margin: Option<PooledMargin>,
    /// Of the operations of all runs; absent when nothing completed.
    pub p95_ms: Option<f64>,
    /// Failed over attempted operations of all runs, 0 to 1.
    pub error_rate: f64,
}

/// A finished band of the plan that lasted.
#[derive(Clone, Debug, PartialEq)]
pub struct AssessedRun {
    /// Index of the band in the plan, from 1.
    pub band: u32,
    /// Succeeded operations per second over the whole measured phase.
    pub tps: f64,
    /// Succeeded operations per second once steady, with the interval at [`CONFIDENCE`].
    pub throughput: SteadyMean,
}

impl RunAssessment {
    /// Position in `bands` of the load that the band with this index in the plan measured.
    #[must_use]
    pub fn position(&self, band: u32) -> Option<usize> {
        self.bands.iter().position(|assessed| assessed.run(band).is_some())
    }

    /// Index in the plan of the first run of the load at a position of `bands`.
    #[must_use]
    pub fn first_band(&self, position: usize) -> Option<u32> {
        self.bands.get(position).map(AssessedBand::first)
    }
}

impl AssessedBand {
    /// The index in the plan of its first run.
    #[must_use]
    pub fn first(&self) -> u32 {
        self.runs.first().map_or(0, |run| run.band)
    }

    /// The run of the band with this index in the plan.
    #[must_use]
    pub fn run(&self, band: u32) -> Option<&AssessedRun> {
        self.runs.iter().find(|run| run.band == band)
    }
}

/// Assesses the finished bands of a record, whatever became of the others.
///
/// # Errors
/// The record holds numbers that no run measures, such as 0 workers.
pub fn assess(record: &RunRecord, constraints: &Constraints) -> Result<RunAssessment, Error> {
    assess_some(record, constraints, |_band| true)
}

/// As [`assess`], of some of the bands alone.
pub(crate) fn assess_some(
    record: &RunRecord,
    constraints: &Constraints,
    is_meant: impl Fn(&BandRecord) -> bool,
) -> Result<RunAssessment, Error> {
    let mut loads: BTreeMap<Load, Vec<Measured<'_>>> = BTreeMap::new();
    for (band, measurement) in record.measured().filter(|(band, _)| is_meant(band)) {
        // A band that a stop cut short is kept, and compared with nothing. One that its own rule ended is whole.
        let planned = if band.ending.is_some() { 0.0 } else { band.plan.measure.as_secs_f64() };
        let lasted = measurement.seconds >= planned * ENOUGH;
        if lasted && measurement.tps().is_some() {
            loads.entry(Load::of(&band.plan)).or_default().push((band, measurement));
        }
    }
    let mut bands = Vec::new();
    let mut points = Vec::new();
    let mut runs_of = Vec::new();
    for runs in loads.values() {
        let Some((band, point)) = pooled(runs)? else { continue };
        bands.push(band);
        points.push(point);
        runs_of.push(runs.as_slice());
    }
    let incomparable = if record.header.plan.is_open_loop() {
        Some(RegionsAbsent::OpenLoop)
    } else {
        repeats_workers(record).then_some(RegionsAbsent::WorkersRepeat)
    };
    let mut assessment = assess_points(&points, constraints, incomparable)?;
    // Failed operations are counted and not timed: workers spend time that no response time shows, so that too
    // little work in progress proves nothing. Too much still does.
    let fails = |band: usize| runs_of[band].iter().any(|(_, found)| found.counts.failed > 0);
    assessment.warnings.retain(|warning| match warning {
        Warning::LittleMismatch { band, impossible, .. } => *impossible || !fails(*band),
        _ => true,
    });
    let switched_off = setting::<bool>(record, "analysis") == Some(false);
    let (fits, queueing) = if switched_off {
        (Err(Absent::SwitchedOff), Err(Absent::SwitchedOff))
    } else {
        (
            fits(&points, constraints, assessment.regions_absent)?,
            expectations(&bands, &runs_of, &assessment)?,
        )
    };
    let economy = match setting::<Cost>(record, "cost") {
        Some(cost) => economy(&points, cost)?,
        None => Err(Absent::NoCost),
    };
    let doubts = doubts(record, &bands)?;
    let limits = RunLimits::of(record, &bands, &assessment)?;
    Ok(RunAssessment { bands, points, assessment, fits, queueing, economy, doubts, limits })
}

/// A value of the configuration that was in force; absent in records that are older than its key.
fn setting<T: DeserializeOwned>(record: &RunRecord, key: &str) -> Option<T> {
    T::deserialize(record.header.configuration.get(key)?).ok()
}

/// Whether the plan meets the same number of workers at different loads. The bands of a grid that finished first may
/// all differ; what is said of them must still hold when the rest has finished.
fn repeats_workers(record: &RunRecord) -> bool {
    let bands = &record.header.plan.bands;
    let workers: BTreeSet<u32> = bands.iter().map(|band| band.workers).collect();
    let loads: BTreeSet<Load> = bands.iter().map(Load::of).collect();
    workers.len() < loads.len()
}

#[cfg(test)]
mod tests;
