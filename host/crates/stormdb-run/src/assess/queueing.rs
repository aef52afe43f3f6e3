//! Bands as the queueing models see them, in seconds, with what the server showed of them.

use stormdb_analysis::{
    Error,
    assess::{
        Assessment,
        absent::Absent,
        queueing::{LoadedBand, Queueing, ScheduledArrivals, ServerSide, queueing},
    },
    scaling::Region,
};

use super::{
    AssessedBand,
    points::{Measured, merged},
};
use crate::config::run_config::ArrivalProcess;

/// Expectations for the assessed bands; `runs` are theirs, in the same order.
pub(super) fn expectations(
    bands: &[AssessedBand],
    runs: &[&[Measured<'_>]],
    assessment: &Assessment,
) -> Result<Result<Queueing, Absent>, Error> {
    let loaded = bands.iter().zip(runs).zip(&assessment.bands).map(|((band, runs), found)| {
        let saturated = matches!(found.region, Some(Region::Saturation | Region::Degradation));
        loaded(band, runs, saturated)
    });
    queueing(&loaded.collect::<Vec<_>>())
}

fn loaded(band: &AssessedBand, runs: &[Measured<'_>], saturated: bool) -> LoadedBand {
    let seconds = |milliseconds: Option<f64>| milliseconds.map(|value| value / 1000.0);
    let response = merged(runs, |measurement| Some(&measurement.response)).summary();
    let held = merged(runs, |measurement| Some(&measurement.service)).summary();
    let wait = merged(runs, |measurement| measurement.pool_wait.as_ref()).summary();
    LoadedBand {
        workers: band.workers,
        connections: band.connections,
        tps: band.tps,
        tps_half_width: band.margin.map(|pooled| pooled.margin.half_width),
        response_s: seconds(response.mean_ms),
        held_s: seconds(held.mean_ms),
        held_cov: held.cov,
        pool_wait_s: seconds(wait.mean_ms),
        saturated,
        arrivals: band.arrivals.map(|arrivals| ScheduledArrivals {
            rate: arrivals.rate,
            cov: match arrivals.process {
                ArrivalProcess::Poisson => 1.0,
                ArrivalProcess::Constant => 0.0,
            },
        }),
        server: ServerSide::default(),
    }
}
