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
use crate::{
    config::run_config::ArrivalProcess, evidence::BandEvidence, measurement::BandMeasurement,
};

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
        server: server_side(runs),
    }
}

/// What the server showed of the first run that has evidence.
fn server_side(runs: &[Measured<'_>]) -> ServerSide {
    let seen = runs.iter().find_map(|(band, found)| Some((band.evidence.as_deref()?, *found)));
    seen.map_or_else(ServerSide::default, |(evidence, measurement)| {
        of_evidence(evidence, measurement)
    })
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn of_evidence(evidence: &BandEvidence, measurement: &BandMeasurement) -> ServerSide {
    let operations = measurement.counts.operations as f64;
    let statements = (operations > 0.0).then(|| measurement.counts.statements as f64 / operations);
    let machine = evidence.server_machine.as_ref().filter(|found| found.seconds > 0.0);
    let tps = measurement.tps().filter(|tps| *tps > 0.0);
    let placed = evidence.placement.as_ref().map(|found| found.server_processors.len());
    let placed = placed.and_then(|processors| u32::try_from(processors).ok());
    ServerSide {
        round_trips_s: (evidence.round_trip)
            .and_then(|trip| Some(trip.p50_seconds * statements?.max(1.0))),
        cpu_s: machine.and_then(|found| Some(found.backend_cpu_seconds? / found.seconds / tps?)),
        cores: placed.filter(|processors| *processors > 0).or(machine.map(|found| found.cores)),
        statements_s: statement_seconds(evidence),
    }
}

/// Of the longest statements, over the transactions that the server counted meanwhile.
#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^53")]
fn statement_seconds(evidence: &BandEvidence) -> Option<f64> {
    let executed: f64 =
        evidence.statements.as_ref()?.iter().map(|statement| statement.execution_seconds).sum();
    let commits = evidence.database.as_ref()?.commits;
    (commits > 0).then(|| executed / commits as f64)
}
