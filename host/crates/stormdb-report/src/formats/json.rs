//! The report as JSON, in the nested v0.2 layout: `metadata`, `configuration`, `bands[].performance`,
//! `bands[].analysis`, `analysis`.
//!
//! An absent figure is null, and `reasons` beside it names why; the sentences are in `reasons` at the end. Keys are only
//! ever added.

mod analysis;
mod bottleneck;
mod cost;
mod evidence;
mod growth;
mod models;
mod numbers;
mod queueing;
mod thresholds;

use std::{collections::BTreeMap, time::Duration};

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::Value;
use stormdb_run::{
    ending::BandEnding,
    event::{Check, Failure},
    measurement::{ErrorTally, OperationTally},
    plan::{BandPlan, Purpose, Reason as PlacementReason, RunPlan, SearchEnd},
    record::{BandRecord, Machine, Outcome, PluginIdentity},
};

use self::{
    analysis::Analysis,
    bottleneck::BandBottleneck,
    evidence::Evidence,
    thresholds::{Threshold, thresholds},
};
use crate::{
    ReportError,
    figure::{Figure, Reason},
    format::Format,
    metric::Section,
    model::{BandRow, Fate, Report},
    note::Note,
    number::duration,
    recommendation::Suggestion,
};

pub static JSON: Format = Format { name: "json", extension: "json", render };

fn render(report: &Report<'_>) -> Result<String, ReportError> {
    let mut text = serde_json::to_string_pretty(&Document::of(report))
        .map_err(|error| JSON.failed(report, error))?;
    text.push('\n');
    Ok(text)
}

#[derive(Serialize)]
struct Document<'a> {
    metadata: Metadata<'a>,
    configuration: Configuration<'a>,
    bands: Vec<Band<'a>>,
    analysis: Analysis<'a>,
    recommendations: &'a [Suggestion],
    thresholds: Vec<Threshold>,
    warnings: &'a [Note],
    checks: &'a [Check],
    results: Vec<NamedResult<'a>>,
    /// Every reason that appears above, in a sentence.
    reasons: BTreeMap<&'static str, &'static str>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    test_name: &'static str,
    layout: &'static str,
    /// Of the program.
    version: &'a str,
    run_id: &'a str,
    timestamp: jiff::Timestamp,
    /// A key of the v0.2 layout; a record does not hold when the run ended.
    duration_total_seconds: Option<f64>,
    /// Of the bands, without set-up and draining.
    duration_planned_seconds: f64,
    strategy: Option<&'a str>,
    bands_planned: usize,
    bands_tested: usize,
    repeats: u32,
    /// Why an adaptive ladder placed no further band.
    search_end: Option<SearchEnd>,
    workload_type: &'a str,
    scale: u64,
    scale_unit: &'a str,
    seed: u64,
    server_title: &'a str,
    server: &'a Option<Value>,
    plugins: &'a [PluginIdentity],
    machine: &'a Machine,
    /// Null where the record has no end.
    outcome: &'a Option<Outcome>,
    reasons: BTreeMap<&'static str, &'static str>,
}

/// The range of the bands in the words of the v0.2 layout, and the whole configuration.
#[derive(Serialize)]
struct Configuration<'a> {
    min_workers: Option<u32>,
    max_workers: Option<u32>,
    min_connections: Option<u32>,
    max_connections: Option<u32>,
    test_duration: Option<String>,
    warmup_duration: Option<String>,
    cooldown_duration: Option<String>,
    resolved: &'a Value,
}

#[derive(Serialize)]
struct Band<'a> {
    band_number: u32,
    workers: u32,
    connections: u32,
    #[serde(flatten)]
    band: Figures<'a>,
    attempt: u32,
    status: &'static str,
    failure: Option<&'a Failure>,
    repeat: Option<u32>,
    purpose: Option<Purpose>,
    /// Why an adaptive ladder placed it.
    placement: Option<PlacementReason>,
    /// How its stopping rule ended it.
    ending: Option<&'a BandEnding>,
    performance: Figures<'a>,
    analysis: Figures<'a>,
    /// What limits the band; null where the server was not sampled.
    bottleneck: Option<BandBottleneck<'a>>,
    errors: Vec<ErrorClass<'a>>,
    operations: Vec<Operation<'a>>,
    /// Null where nobody looked at the server.
    evidence: Option<Evidence<'a>>,
    /// Why figures of the band are null.
    reasons: BTreeMap<&'static str, &'static str>,
}

/// The figures of one section of a band.
struct Figures<'a> {
    row: &'a BandRow,
    section: Section,
}

#[derive(Serialize)]
struct ErrorClass<'a> {
    class: &'a str,
    sqlstate: Option<&'a str>,
    count: u64,
    /// Share (0 to 1) of all operations that ended.
    rate: Option<Figure>,
    example: &'a str,
}

#[derive(Serialize)]
struct Operation<'a> {
    name: &'a str,
    class: &'a str,
    operations: u64,
    failed: u64,
    avg_latency_ms: Option<Figure>,
    p95_latency_ms: Option<Figure>,
    p99_latency_ms: Option<Figure>,
}

#[derive(Serialize)]
struct NamedResult<'a> {
    kind: &'a str,
    value: &'a Value,
}

impl<'a> Document<'a> {
    fn of(report: &'a Report<'a>) -> Self {
        let record = report.record;
        let analysis = Analysis::of(report);
        let reasons =
            report.reasons().into_iter().chain(analysis.absent()).chain([Reason::NotRecorded]);
        Self {
            metadata: Metadata::of(report),
            configuration: Configuration::of(&record.header.plan, &record.header.configuration),
            bands: report.bands.iter().map(|row| Band::of(report, row)).collect(),
            reasons: reasons.map(|reason| (reason.id(), reason.sentence())).collect(),
            analysis,
            recommendations: &report.suggestions,
            thresholds: thresholds(report),
            warnings: &report.notes,
            checks: &record.checks,
            results: record
                .reported
                .iter()
                .map(|(kind, value)| NamedResult { kind, value })
                .collect(),
        }
    }
}

impl<'a> Metadata<'a> {
    fn of(report: &'a Report<'a>) -> Self {
        let header = &report.record.header;
        Self {
            test_name: "progressive_scaling_analysis",
            layout: "v0.2",
            version: &header.stormdb_version,
            run_id: &header.id,
            timestamp: header.started_at.timestamp(),
            duration_total_seconds: None,
            duration_planned_seconds: header.plan.total.as_secs_f64(),
            strategy: header.plan.strategy.as_deref(),
            bands_planned: header.plan.bands_max(),
            bands_tested: report.bands.iter().filter(|band| band.fate == Fate::Finished).count(),
            repeats: header.plan.repeats,
            search_end: report.record.search_end,
            workload_type: &header.workload,
            scale: header.scale,
            scale_unit: &header.scale_unit,
            seed: header.seed,
            server_title: &header.server_title,
            server: &header.server,
            plugins: &header.plugins,
            machine: &header.machine,
            outcome: &report.record.outcome,
            reasons: [("duration_total_seconds", Reason::NotRecorded.id())].into(),
        }
    }
}

impl<'a> Configuration<'a> {
    fn of(plan: &RunPlan, resolved: &'a Value) -> Self {
        let bands = plan.bands.as_slice();
        let same = |of: fn(&BandPlan) -> Duration| {
            let first = of(bands.first()?);
            bands.iter().all(|band| of(band) == first).then(|| duration(first))
        };
        Self {
            min_workers: bands.iter().map(|band| band.workers).min(),
            max_workers: bands.iter().map(|band| band.workers).max(),
            min_connections: bands.iter().map(|band| band.connections).min(),
            max_connections: bands.iter().map(|band| band.connections).max(),
            test_duration: same(|band| band.measure),
            warmup_duration: same(|band| band.warmup),
            cooldown_duration: same(|band| band.cooldown),
            resolved,
        }
    }
}

impl<'a> Band<'a> {
    fn of(report: &'a Report<'a>, row: &'a BandRow) -> Self {
        let section = |section| Figures { row, section };
        let record = report.record.bands.iter().find(|band| band.plan.index == row.index);
        let measurement = record.and_then(BandRecord::measurement);
        let ended = measurement.map_or(0, |found| found.counts.operations + found.counts.failed);
        Self {
            band_number: row.index,
            workers: row.workers,
            connections: row.connections,
            band: section(Section::Band),
            attempt: row.attempt,
            status: row.fate.name(),
            failure: row.fate.failure(),
            repeat: record.map(|band| band.plan.repeat),
            purpose: record.map(|band| band.plan.purpose),
            placement: record.and_then(|band| band.plan.reason),
            ending: record.and_then(|band| band.ending.as_ref()),
            performance: section(Section::Performance),
            analysis: section(Section::Analysis),
            bottleneck: report.analysis.limits.verdict(row.index).and_then(BandBottleneck::of),
            errors: measurement.map_or_else(Vec::new, |found| {
                found.errors.iter().map(|tally| ErrorClass::of(tally, ended)).collect()
            }),
            operations: measurement.map_or_else(Vec::new, |found| {
                found.operations.iter().map(Operation::of).collect()
            }),
            evidence: record.and_then(|band| band.evidence.as_deref()).map(Evidence::of),
            reasons: row.reasons().map(|(name, reason)| (name, reason.id())).collect(),
        }
    }
}

impl Serialize for Figures<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let listed = self.row.cells().filter(|(metric, _)| metric.section == self.section);
        for (metric, cell) in listed {
            match cell {
                Ok(figure) => map.serialize_entry(metric.name, figure)?,
                Err(Reason::BandFailed | Reason::BandInterrupted) => {
                    map.serialize_entry(metric.name, &())?;
                }
                Err(_) => map.serialize_entry(metric.name, &metric.absent_word)?,
            }
        }
        map.end()
    }
}

impl<'a> ErrorClass<'a> {
    fn of(tally: &'a ErrorTally, ended: u64) -> Self {
        let rate = (ended > 0).then(|| tally.count as f64 / ended as f64);
        Self {
            class: &tally.class,
            sqlstate: tally.sqlstate.as_deref(),
            count: tally.count,
            rate: rate.and_then(|rate| Figure::number(rate, 6).ok()),
            example: &tally.example,
        }
    }
}

impl<'a> Operation<'a> {
    fn of(tally: &'a OperationTally) -> Self {
        let summary = tally.response.summary();
        let latency = |value: Option<f64>| Figure::number(value?, 4).ok();
        Self {
            name: &tally.name,
            class: &tally.class,
            operations: tally.operations,
            failed: tally.failed,
            avg_latency_ms: latency(summary.mean_ms),
            p95_latency_ms: latency(summary.p95_ms),
            p99_latency_ms: latency(summary.p99_ms),
        }
    }
}
