//! What limits a band, and the run, with all that it was concluded from.

use serde::Serialize;
use stormdb_analysis::bottleneck::{
    ClientPart, Limit, Verdict, calibration::Calibration, component::Component, gates::Undetermined,
};

use crate::{
    figure::Figure,
    limit::{documented_component, documented_name, why},
    model::Report,
};

/// The verdict on one band.
#[derive(Serialize)]
pub(super) struct BandBottleneck<'a> {
    /// `none`, `undetermined`, or what took most of the added response time.
    limit: &'static str,
    /// `generator` or `network` of a limit `client`.
    client_part: Option<&'static str>,
    /// Why the limit is undetermined.
    undetermined: Option<&'static str>,
    undetermined_because: Option<&'static str>,
    /// What came out on top where the limit is undetermined all the same.
    candidate: Option<&'static str>,
    /// The part of the server that keeps connections busy, where they are waited for.
    cause: Option<&'static str>,
    confidence: Option<Figure>,
    /// Null: the confidence covers sampling error only.
    calibration: Option<&'a Calibration>,
    score: Option<Score>,
    response_growth: Option<Figure>,
    secondary: Vec<&'static str>,
    shares: Vec<Share>,
    corroboration: Vec<Corroboration>,
    /// Of the limit or the candidate, in mean backends.
    waits: Vec<Wait<'a>>,
    other_waits: Vec<Wait<'a>>,
    unknown_waits: &'a [String],
}

/// What the confidence was computed from.
#[derive(Serialize)]
struct Score {
    probability: f64,
    margin: f64,
    corroborated: u32,
    effective_n: f64,
}

#[derive(Serialize)]
struct Share {
    component: &'static str,
    seconds_per_operation: Option<Figure>,
    reference_seconds: Option<Figure>,
    /// Of the added response time.
    share: Option<Figure>,
    probability: Option<Figure>,
}

#[derive(Serialize)]
struct Corroboration {
    test: &'static str,
    holds: Option<bool>,
    measured: Option<Figure>,
    compared_with: Option<Figure>,
}

#[derive(Serialize)]
struct Wait<'a> {
    wait: &'a str,
    backends: Option<Figure>,
}

/// The verdict on the run, under the names of the v0.2 layout.
#[derive(Serialize)]
pub(super) struct BottleneckAnalysis {
    primary_bottleneck: &'static str,
    /// As `bottleneck.limit` of the band.
    limit: &'static str,
    band_number: u32,
    workers: u32,
    confidence: Option<Figure>,
    /// Whether the confidence was checked against runs whose limit was known.
    calibrated: bool,
    secondary_factors: Vec<&'static str>,
    /// Workers of the first band in which throughput no longer grows; null where it grows to the end.
    saturation_threshold: Option<u32>,
}

impl<'a> BandBottleneck<'a> {
    /// Nothing where nothing was sampled.
    pub(super) fn of(verdict: &'a Verdict) -> Option<Self> {
        let undetermined = match verdict.limit {
            Limit::Undetermined(Undetermined::NotSampled) => return None,
            Limit::Undetermined(reason) => Some(reason),
            Limit::None | Limit::Of(_) => None,
        };
        let confidence = verdict.confidence.as_ref();
        Some(Self {
            limit: verdict.limit.name(),
            client_part: verdict.client_part.map(ClientPart::name),
            undetermined: undetermined.map(Undetermined::id),
            undetermined_because: undetermined.map(why),
            candidate: verdict.candidate.map(Component::name),
            cause: verdict.cause.map(Component::name),
            confidence: confidence.and_then(|found| figure(found.value)),
            calibration: confidence.and_then(|found| found.calibration.as_ref()),
            score: verdict.score.map(|score| Score {
                probability: score.probability,
                margin: score.margin,
                corroborated: score.corroborated,
                effective_n: score.effective_n,
            }),
            response_growth: verdict.response_growth.and_then(figure),
            secondary: verdict.secondary().map(Component::name).collect(),
            shares: verdict.shares.iter().map(Share::of).collect(),
            corroboration: verdict
                .corroboration
                .iter()
                .map(|one| Corroboration {
                    test: one.test.id(),
                    holds: one.holds,
                    measured: one.measured.and_then(figure),
                    compared_with: one.compared_with.and_then(figure),
                })
                .collect(),
            waits: Wait::list(&verdict.waits),
            other_waits: Wait::list(&verdict.other_waits),
            unknown_waits: &verdict.unknown_waits,
        })
    }
}

impl Share {
    fn of(share: &stormdb_analysis::bottleneck::Share) -> Self {
        Self {
            component: share.component.name(),
            seconds_per_operation: Figure::number(share.demand_s, 9).ok(),
            reference_seconds: Figure::number(share.reference_s, 9).ok(),
            share: share.share.and_then(figure),
            probability: figure(share.probability),
        }
    }
}

impl<'a> Wait<'a> {
    fn list(waits: &'a [(String, f64)]) -> Vec<Self> {
        waits.iter().map(|(wait, mean)| Self { wait, backends: figure(*mean) }).collect()
    }
}

impl BottleneckAnalysis {
    /// Nothing where nothing was sampled, and for an open loop.
    pub(super) fn of(report: &Report<'_>) -> Option<Self> {
        let limits = &report.analysis.limits;
        let (band, verdict) = limits.decisive()?;
        if verdict.limit == Limit::Undetermined(Undetermined::NotSampled) {
            return None;
        }
        let row = report.band(band)?;
        let confidence = verdict.confidence.as_ref();
        let mut secondary_factors = Vec::new();
        for component in verdict.secondary() {
            let name = documented_component(component, verdict.client_part);
            if name != "none" && !secondary_factors.contains(&name) {
                secondary_factors.push(name);
            }
        }
        Some(Self {
            primary_bottleneck: documented_name(verdict.limit, verdict.client_part),
            limit: verdict.limit.name(),
            band_number: band,
            workers: row.workers,
            confidence: confidence.and_then(|found| figure(found.value)),
            calibrated: confidence.is_some_and(|found| found.calibration.is_some()),
            secondary_factors,
            saturation_threshold: limits
                .saturation()
                .and_then(|band| report.band(band))
                .map(|row| row.workers),
        })
    }
}

fn figure(value: f64) -> Option<Figure> {
    Figure::number(value, 4).ok()
}
