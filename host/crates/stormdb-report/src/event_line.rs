//! Events of a run as JSON lines for programs: short, without histograms.

use serde::Serialize;
use stormdb_run::{
    ending::BandEnding,
    event::{Failure, RunEvent},
    measurement::{Interval, Phase},
    plan::SearchEnd,
    record::Outcome,
};

use crate::figure::Figure;

/// What a line says.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum Line<'a> {
    RunStarted {
        run: &'a str,
        workload: &'a str,
        server: &'a str,
        bands: usize,
        seed: u64,
    },
    Setup {
        stage: &'a str,
        done: u64,
        total: u64,
        unit: &'a str,
    },
    SetupFinished {
        stage: &'a str,
        seconds: f64,
    },
    BandStarted {
        band: u32,
        workers: u32,
        connections: u32,
        /// Absent for a closed loop.
        #[serde(skip_serializing_if = "Option::is_none")]
        arrival_rate: Option<f64>,
        attempt: u32,
    },
    Phase {
        band: u32,
        phase: Phase,
    },
    Sample {
        band: u32,
        phase: Phase,
        /// Seconds since the beginning of the phase.
        t: u64,
        tps: Option<Figure>,
        p95_ms: Option<Figure>,
        errors: u64,
    },
    BandFinished {
        band: u32,
        seconds: f64,
        tps: Option<Figure>,
        avg_latency_ms: Option<Figure>,
        p95_latency_ms: Option<Figure>,
        errors: u64,
    },
    /// What was seen of the server beside the band.
    Evidence {
        band: u32,
        /// Sampled ones.
        seconds: usize,
        looks: Option<u64>,
        /// Sources that could not be read.
        absent: Vec<&'a str>,
    },
    BandEnding {
        band: u32,
        #[serde(flatten)]
        ending: &'a BandEnding,
    },
    SearchEnded {
        reason: SearchEnd,
    },
    BandFailed {
        band: u32,
        #[serde(flatten)]
        failure: &'a Failure,
    },
    Result {
        kind: &'a str,
        value: &'a serde_json::Value,
    },
    Checks {
        passed: usize,
        failed: usize,
    },
    Warning {
        #[serde(flatten)]
        warning: &'a Failure,
    },
    Log {
        level: &'a str,
        target: &'a str,
        message: &'a str,
    },
    RunFinished {
        #[serde(flatten)]
        outcome: &'a Outcome,
    },
}

/// One line of JSON without its line end, such as
/// `{"event":"sample","band":1,"phase":"measure","t":900,"tps":1150.0,"p95_ms":64.4,"errors":0}`.
///
/// # Errors
/// The event holds a value that JSON does not have.
pub fn event_line(event: &RunEvent) -> serde_json::Result<String> {
    serde_json::to_string(&line(event))
}

fn line(event: &RunEvent) -> Line<'_> {
    match event {
        RunEvent::RunStarted { header } => Line::RunStarted {
            run: &header.id,
            workload: &header.workload,
            server: &header.server_title,
            bands: header.plan.bands_max(),
            seed: header.seed,
        },
        RunEvent::SetupProgress { stage, done, total, unit } => {
            Line::Setup { stage, done: *done, total: *total, unit }
        }
        RunEvent::SetupStageFinished { stage, seconds } => {
            Line::SetupFinished { stage, seconds: *seconds }
        }
        RunEvent::BandStarted { band, attempt } => Line::BandStarted {
            band: band.index,
            workers: band.workers,
            connections: band.connections,
            arrival_rate: band.arrivals.map(|arrivals| arrivals.rate),
            attempt: *attempt,
        },
        RunEvent::BandPhase { band, phase } => Line::Phase { band: *band, phase: *phase },
        RunEvent::Interval { band, interval } => sample(*band, interval),
        RunEvent::BandFinished { band, measurement } => {
            let response = measurement.response.summary();
            Line::BandFinished {
                band: *band,
                seconds: measurement.seconds,
                tps: rounded(measurement.tps()),
                avg_latency_ms: rounded(response.mean_ms),
                p95_latency_ms: rounded(response.p95_ms),
                errors: measurement.counts.failed,
            }
        }
        RunEvent::Evidence { band, evidence } => Line::Evidence {
            band: *band,
            seconds: evidence.seconds.len(),
            looks: evidence.sampler.as_ref().map(|sampler| sampler.looks),
            absent: evidence.absent.keys().map(String::as_str).collect(),
        },
        RunEvent::BandEnding { band, ending } => Line::BandEnding { band: *band, ending },
        RunEvent::SearchEnded { end } => Line::SearchEnded { reason: *end },
        RunEvent::BandFailed { band, failure } => Line::BandFailed { band: *band, failure },
        RunEvent::Reported { kind, value } => Line::Result { kind, value },
        RunEvent::Checked { checks } => {
            let passed = checks.iter().filter(|check| check.passed).count();
            Line::Checks { passed, failed: checks.len() - passed }
        }
        RunEvent::Warned { warning } => Line::Warning { warning },
        RunEvent::Logged { level, target, message } => Line::Log { level, target, message },
        RunEvent::RunFinished { outcome } => Line::RunFinished { outcome },
    }
}

fn sample(band: u32, interval: &Interval) -> Line<'static> {
    Line::Sample {
        band,
        phase: interval.phase,
        t: (interval.start_ms + interval.length_ms) / 1000,
        tps: rounded(interval.tps()),
        p95_ms: rounded(interval.response.quantile_ms(0.95)),
        errors: interval.counts.failed,
    }
}

/// To the decimals of the exports.
fn rounded(value: Option<f64>) -> Option<Figure> {
    Figure::number(value?, 4).ok()
}
