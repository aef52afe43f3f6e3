//! What a comparison needs of a run, from its record or from a file that was exported.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;
use stormdb_analysis::{
    assess::points::{Constraints, Margin},
    comparison::BandFigures,
    steady_mean::SteadyMean,
};

use crate::{
    assess::{RunAssessment, assess},
    plan::BandPlan,
    record::{Machine, PluginIdentity, RunRecord},
};

/// A run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunSample {
    pub id: String,
    pub began: Option<Timestamp>,
    pub setting: Setting,
    /// In the order in which they began.
    pub bands: Vec<BandSample>,
}

/// Under what a run was made: two runs that differ in it are no comparison of anything else.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    pub workload: String,
    pub scale: u64,
    /// Such as `PostgreSQL 18.4 (embedded)`.
    pub server: String,
    /// Settings of the server by name; empty where it was not asked.
    pub server_settings: BTreeMap<String, String>,
    pub plugins: Vec<PluginIdentity>,
    pub machine: Machine,
    /// Of the program.
    pub version: String,
}

/// One band of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct BandSample {
    pub size: BandSize,
    /// From 1: how often this size had been begun.
    pub repeat: u32,
    /// Measured time in seconds; absent for a band that did not finish.
    pub seconds: Option<f64>,
    /// Nothing for a band that did not finish.
    pub figures: Option<BandFigures>,
}

/// What makes two bands the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BandSize {
    pub workers: u32,
    pub connections: u32,
    /// Arrivals per second of an open loop.
    pub rate: Option<f64>,
}

impl BandSize {
    #[must_use]
    pub fn of(plan: &BandPlan) -> Self {
        Self {
            workers: plan.workers,
            connections: plan.connections,
            rate: plan.arrivals.map(|arrivals| arrivals.rate),
        }
    }

    /// By workers, connections and rate.
    #[must_use]
    pub fn order(&self, other: &Self) -> Ordering {
        let key = |size: &Self| (size.workers, size.connections);
        let rate = |size: &Self| size.rate.unwrap_or(0.0);
        key(self).cmp(&key(other)).then(rate(self).total_cmp(&rate(other)))
    }
}

impl RunSample {
    /// What a record holds of it.
    ///
    /// # Errors
    /// The record holds numbers that no run measures.
    pub fn of(record: &RunRecord) -> Result<Self, stormdb_analysis::Error> {
        let header = &record.header;
        let analysis = assess(record, &Constraints::default())?;
        let settings = header.server.as_ref().and_then(|server| server.pointer("/server/settings"));
        let mut bands = Vec::new();
        for band in &record.bands {
            let measurement = band.measurement();
            bands.push(BandSample {
                size: BandSize::of(&band.plan),
                repeat: 0,
                seconds: measurement.map(|measurement| measurement.seconds),
                figures: measurement.and_then(|measurement| {
                    Some(BandFigures {
                        throughput: measurement.tps()?,
                        throughput_error: within_run(&analysis, band.plan.index),
                        p95_ms: measurement.response.quantile_ms(0.95),
                        p99_ms: measurement.response.quantile_ms(0.99),
                        error_rate: measurement.counts.error_rate(),
                    })
                }),
            });
        }
        number_repeats(&mut bands);
        Ok(Self {
            id: header.id.clone(),
            began: Some(header.started_at.timestamp()),
            setting: Setting {
                workload: header.workload.clone(),
                scale: header.scale,
                server: header.server_title.clone(),
                server_settings: texts(settings),
                plugins: header.plugins.clone(),
                machine: header.machine.clone(),
                version: header.stormdb_version.clone(),
            },
            bands,
        })
    }
}

/// Counts how often each size was begun.
pub fn number_repeats(bands: &mut [BandSample]) {
    let mut seen: Vec<(BandSize, u32)> = Vec::new();
    for band in bands {
        band.repeat = match seen.iter_mut().find(|(size, _)| *size == band.size) {
            Some((_, times)) => {
                *times += 1;
                *times
            }
            None => {
                seen.push((band.size, 1));
                1
            }
        };
    }
}

/// The entries of an object that are texts.
#[must_use]
pub fn texts(object: Option<&Value>) -> BTreeMap<String, String> {
    let entries = object.and_then(Value::as_object).into_iter().flatten();
    entries.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}

/// Standard error of the throughput, from within the run.
fn within_run(analysis: &RunAssessment, band: u32) -> Option<f64> {
    let assessed = analysis.bands.get(analysis.position(band)?)?;
    match assessed.run(band)?.throughput {
        SteadyMean::Steady { half_width, batches, .. } => {
            let margin = Margin { half_width, freedom: (batches - 1) as f64 };
            Some(margin.standard_error())
        }
        SteadyMean::NotSteady { .. } | SteadyMean::TooShort { .. } => None,
    }
}
