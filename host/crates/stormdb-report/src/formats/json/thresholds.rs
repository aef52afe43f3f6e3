//! The `thresholds` section: every demand on the run and what became of it.

use serde::Serialize;
use stormdb_run::threshold::ThresholdResult;

use crate::{model::Report, threshold::outcome};

#[derive(Serialize)]
pub(super) struct Threshold {
    /// In its canonical spelling.
    threshold: String,
    metric: &'static str,
    passed: bool,
    bands: Vec<Band>,
    finding: String,
    /// Why it could not be told; then it counts as missed.
    reason: Option<&'static str>,
}

#[derive(Serialize)]
struct Band {
    band_numbers: Vec<u32>,
    workers: u32,
    connections: u32,
    arrival_rate: Option<f64>,
    /// In milliseconds, operations per second, or as a share from 0 to 1.
    value: Option<f64>,
    passed: bool,
}

pub(super) fn thresholds(report: &Report<'_>) -> Vec<Threshold> {
    report.thresholds.iter().map(of).collect()
}

fn of(result: &ThresholdResult) -> Threshold {
    let bands = result.bands.iter().map(|band| Band {
        band_numbers: band.bands.clone(),
        workers: band.workers,
        connections: band.connections,
        arrival_rate: band.rate,
        value: band.value,
        passed: band.passed,
    });
    Threshold {
        threshold: result.threshold.to_string(),
        metric: result.threshold.metric.name(),
        passed: result.passed,
        bands: bands.collect(),
        finding: outcome(result),
        reason: result.absent.map(stormdb_run::threshold::Absent::sentence),
    }
}
