//! Recommendations from a record: what the analysis found, put together.

use stormdb_analysis::{
    assess::fits::{LoadAxis, PeakPrediction},
    bottleneck::{ClientPart, Limit, component::Component},
    questions::Estimate,
    recommendation::{Limiter, MeasuredLimit, PoolWait, Recommendation, Situation, recommend},
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
        limit: limit(analysis),
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

/// The verdict on the ladder, where it names a component.
fn limit(analysis: &RunAssessment) -> Option<MeasuredLimit> {
    let (band, verdict) = analysis.limits.decisive()?;
    let Limit::Of(component) = verdict.limit else { return None };
    let limiter = match component {
        Component::Cpu => Limiter::Cpu,
        Component::Io => Limiter::Io,
        Component::Wal => Limiter::Wal,
        Component::Replica => Limiter::Replica,
        Component::Lock => Limiter::Lock,
        Component::Lwlock => Limiter::Lwlock,
        Component::Memory => Limiter::Memory,
        Component::Pool => Limiter::Pool,
        Component::Client => match verdict.client_part? {
            ClientPart::Generator => Limiter::Generator,
            ClientPart::Network => Limiter::Network,
        },
        // Sleeps and the like are the work itself.
        Component::Other => return None,
    };
    let share = verdict.shares.iter().find(|share| share.component == component)?;
    Some(MeasuredLimit {
        component: limiter,
        band: analysis.position(band)?,
        demand_s: share.demand_s,
        reference_s: share.reference_s,
        share: share.share?,
        confidence: verdict.confidence.as_ref().map(|confidence| confidence.value),
    })
}
