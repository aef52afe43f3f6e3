//! Recommendations from a record: what the analysis found, put together.

use stormdb_analysis::{
    assess::fits::{LoadAxis, PeakPrediction},
    questions::Estimate,
    recommendation::{PoolWait, Recommendation, Situation, recommend},
};

use crate::{
    assess::{AssessedBand, RunAssessment},
    record::RunRecord,
};

/// Everything that a run calls for, the weightiest first. Positions are positions in the assessed bands.
#[must_use]
pub fn recommendations(record: &RunRecord, analysis: &RunAssessment) -> Vec<Recommendation> {
    let waits: Vec<Option<PoolWait>> =
        analysis.bands.iter().map(|band| pool_wait(record, band)).collect();
    recommend(&Situation {
        bands: &analysis.points,
        pool_waits: &waits,
        assessment: &analysis.assessment,
        peak_beyond: peak_beyond(analysis),
        limit: None,
    })
}

/// Of its first run: repeats wait alike.
fn pool_wait(record: &RunRecord, band: &AssessedBand) -> Option<PoolWait> {
    let first = band.first();
    let (_, measurement) = record.measured().find(|(begun, _)| begun.plan.index == first)?;
    let mean_ms = measurement.pool_wait.as_ref()?.summary().mean_ms?;
    Some(PoolWait { mean_ms, utilisation: measurement.connection_utilisation })
}

fn peak_beyond(analysis: &RunAssessment) -> Option<Estimate> {
    let fits = analysis.fits.as_ref().ok().filter(|fits| fits.load == LoadAxis::Workers)?;
    match &fits.peak {
        PeakPrediction::Predicted { load, load_interval, extrapolated: true, .. } => {
            Some(Estimate { value: *load, interval: Some(*load_interval) })
        }
        _ => None,
    }
}
