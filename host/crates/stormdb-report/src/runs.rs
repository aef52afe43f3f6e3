//! The runs on this machine: a list, and what is known of one.

use serde::Serialize;
use stormdb_run::{
    event::Failure,
    record::{Machine, Outcome, PluginIdentity, RunHeader, RunRecord},
};

use crate::{
    model::{Fate, Report},
    number::count,
    progress,
    screen::{Ink, Screen, Style},
};

/// One run of the list.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum RunEntry {
    Readable(RunSummary),
    /// Its record cannot be read.
    Unreadable {
        id: String,
        error: String,
    },
}

/// A run in one line.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunSummary {
    pub id: String,
    pub started_at: jiff::Zoned,
    pub workload: String,
    pub scale: u64,
    pub server_title: String,
    pub bands_planned: usize,
    pub bands_finished: usize,
    /// Nothing where the run was killed or still goes on.
    pub outcome: Option<Outcome>,
}

impl RunSummary {
    /// What the list says of a record.
    #[must_use]
    pub fn of(record: &RunRecord) -> Self {
        let RunHeader { id, started_at, workload, scale, server_title, plan, .. } = &record.header;
        Self {
            id: id.clone(),
            started_at: started_at.clone(),
            workload: workload.clone(),
            scale: *scale,
            server_title: server_title.clone(),
            bands_planned: plan.bands_max(),
            bands_finished: record.measured().count(),
            outcome: record.outcome.clone(),
        }
    }
}

/// The list as a table, in the order given.
#[must_use]
pub fn list_text(runs: &[RunEntry], style: Style) -> String {
    let mut screen = Screen::new(style);
    if runs.is_empty() {
        screen.push("no runs yet; make one with `stormdb run`", Ink::Plain).end_line();
        return screen.finish();
    }
    let heads =
        format!("{:<18}  {:<16}  {:>7}  {:<12}  workload", "run", "started", "bands", "outcome");
    screen.push(&heads, Ink::Strong).end_line();
    for run in runs {
        match run {
            RunEntry::Readable(run) => {
                let RunSummary { id, workload, scale, server_title, .. } = run;
                let bands = format!("{}/{}", run.bands_finished, run.bands_planned);
                let started = run.started_at.strftime("%Y-%m-%d %H:%M");
                let (outcome, ink) = outcome(run.outcome.as_ref());
                screen.push(&format!("{id:<18}  {started:<16}  {bands:>7}  "), Ink::Plain);
                screen.push(&format!("{outcome:<12}"), ink);
                let what = format!("  {workload}, scale {}, {server_title}", count(*scale));
                screen.push(&what, Ink::Plain).end_line();
            }
            RunEntry::Unreadable { id, error } => {
                screen.push(&format!("{id:<18}  "), Ink::Plain);
                screen.push("unreadable", Ink::Bad);
                screen.push(&format!("  {error}"), Ink::Plain).end_line();
            }
        }
    }
    screen.finish()
}

/// The list as JSON.
///
/// # Errors
/// A record holds a value that JSON does not have.
pub fn list_json(runs: &[RunEntry]) -> serde_json::Result<String> {
    serde_json::to_string_pretty(runs)
}

/// All that is known of a run but its figures, which are the report's.
#[must_use]
pub fn show_text(report: &Report<'_>, style: Style) -> String {
    let header = &report.record.header;
    let mut screen = Screen::new(style);
    let RunHeader { id, stormdb_version, workload, scale, scale_unit, seed, .. } = header;
    let ending = outcome(report.record.outcome.as_ref());
    let started = header.started_at.strftime("%Y-%m-%d %H:%M:%S %Z");
    screen.labelled("run", id, Ink::Strong);
    screen.labelled("started", &started.to_string(), Ink::Strong);
    screen.labelled("outcome", ending.0, ending.1);
    screen.labelled("stormdb", stormdb_version, Ink::Strong);
    let load = format!("{workload}, {} {scale_unit}, seed {seed}", count(*scale));
    screen.labelled("load", &load, Ink::Strong);
    screen.labelled("server", &header.server_title, Ink::Strong);
    screen.labelled("machine", &machine(&header.machine), Ink::Strong);
    for plugin in &header.plugins {
        let PluginIdentity { name, version, author, key_fingerprint, sha256 } = plugin;
        let identity = format!("{name} {version} by {author} ({key_fingerprint}), sha256 {sha256}");
        screen.labelled("plugin", &identity, Ink::Strong);
    }
    for band in &report.bands {
        let detail = match &band.fate {
            Fate::Finished => "finished".to_owned(),
            Fate::Failed(failure) => format!("failed: {} ({})", failure.message, failure.id),
            Fate::Interrupted => "interrupted".to_owned(),
        };
        let size = format!("{} workers, {} connections", band.workers, band.connections);
        let place = progress::place(&header.plan, band.index);
        screen.labelled("band", &format!("{place}, {size}: {detail}"), Ink::Strong);
    }
    screen.finish()
}

/// The same as JSON.
///
/// # Errors
/// The record holds a value that JSON does not have.
pub fn show_json(report: &Report<'_>) -> serde_json::Result<String> {
    #[derive(Serialize)]
    struct Shown<'a> {
        #[serde(flatten)]
        summary: RunSummary,
        header: &'a RunHeader,
        bands: Vec<ShownBand<'a>>,
    }
    #[derive(Serialize)]
    struct ShownBand<'a> {
        band: u32,
        workers: u32,
        connections: u32,
        attempt: u32,
        status: &'static str,
        failure: Option<&'a Failure>,
    }
    let bands = report.bands.iter().map(|band| ShownBand {
        band: band.index,
        workers: band.workers,
        connections: band.connections,
        attempt: band.attempt,
        status: band.fate.name(),
        failure: band.fate.failure(),
    });
    serde_json::to_string_pretty(&Shown {
        summary: RunSummary::of(report.record),
        header: &report.record.header,
        bands: bands.collect(),
    })
}

fn outcome(outcome: Option<&Outcome>) -> (&'static str, Ink) {
    match outcome {
        Some(Outcome::Complete { exit_code: 0 }) => ("complete", Ink::Good),
        Some(Outcome::Complete { .. }) => ("with faults", Ink::Caution),
        Some(Outcome::Stopped { .. }) => ("stopped", Ink::Bad),
        None => ("unfinished", Ink::Bad),
    }
}

fn machine(machine: &Machine) -> String {
    let Machine { cores, memory_bytes, kernel } = machine;
    let memory = memory_bytes.map_or_else(String::new, |bytes| {
        format!(", {} MiB of memory", count(bytes / (1024 * 1024)))
    });
    format!("{cores} cores{memory}, {kernel}")
}
