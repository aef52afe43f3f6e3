//! The report as text: title and table head, one row per band as it ends, then chart, verdict and warnings.
//!
//! A row depends on its own and smaller bands alone, so that it is printed once and a log reads like a screen.

mod chart;
mod details;
mod sampler;
mod table;
mod title;

use std::path::{Path, PathBuf};

use stormdb_run::record::{PluginIdentity, RunHeader};

use crate::{
    finding::Tone,
    model::Report,
    recommendation,
    screen::{Ink, Screen, Style},
};

/// The weightiest recommendations, which the screen shows; the JSON has them all.
const SUGGESTIONS_SHOWN: usize = 3;

/// What is known before the first band: program, target and plan.
#[must_use]
pub fn title(header: &RunHeader, style: Style) -> String {
    let mut screen = Screen::new(style);
    title::write(&mut screen, header);
    screen.end_line();
    screen.finish()
}

/// The head of the table, for the moment at which the first band begins.
#[must_use]
pub fn table_head(header: &RunHeader, style: Style) -> String {
    let mut screen = Screen::new(style);
    table::write_head(&mut screen, header);
    screen.finish()
}

/// The row of a band that ended; nothing for one that has not begun.
#[must_use]
pub fn row(report: &Report<'_>, band: u32, style: Style) -> Option<String> {
    let band = report.band(band)?;
    let mut screen = Screen::new(style);
    table::write_row(&mut screen, &report.record.header, band);
    Some(screen.finish())
}

/// What follows the last row of a run: chart, verdict, warnings, and where the files are.
#[must_use]
pub fn foot(report: &Report<'_>, exports: &[PathBuf], style: Style) -> String {
    let mut screen = Screen::new(style);
    screen.end_line();
    write_verdict(&mut screen, report);
    screen.end_line();
    for path in exports {
        write_path(&mut screen, "data", path);
    }
    screen.push("report   ", Ink::Strong);
    screen.push(&format!("stormdb report {}", report.record.header.id), Ink::Plain).end_line();
    screen.finish()
}

/// The whole report of a stored run, with every figure of every band.
#[must_use]
pub fn whole(report: &Report<'_>, style: Style) -> String {
    let header = &report.record.header;
    let mut screen = Screen::new(style);
    title::write(&mut screen, header);
    screen.end_line();
    table::write_head(&mut screen, header);
    for band in &report.bands {
        table::write_row(&mut screen, header, band);
    }
    screen.end_line();
    write_verdict(&mut screen, report);
    details::write(&mut screen, report);
    sampler::write(&mut screen, report);
    write_plugins(&mut screen, header);
    screen.finish()
}

/// Which bytes ran, and who had signed them.
fn write_plugins(screen: &mut Screen, header: &RunHeader) {
    if !header.plugins.is_empty() {
        screen.end_line();
    }
    for plugin in &header.plugins {
        let PluginIdentity { name, version, author, key_fingerprint, sha256 } = plugin;
        screen.labelled("plugin", &format!("{name} {version}"), Ink::Strong);
        screen.labelled("", &format!("signed by {author} with key {key_fingerprint}"), Ink::Plain);
        screen.labelled("", &format!("sha256 {sha256}"), Ink::Plain);
    }
}

fn write_verdict(screen: &mut Screen, report: &Report<'_>) {
    chart::write(screen, report);
    for finding in &report.findings {
        let ink = match finding.tone {
            Tone::Good => Ink::Good,
            Tone::Neutral => Ink::Strong,
            Tone::Bad => Ink::Bad,
        };
        screen.labelled(finding.label, &finding.text, ink);
    }
    for suggestion in report.suggestions.iter().take(SUGGESTIONS_SHOWN) {
        screen.labelled("advice", &recommendation::line(suggestion), Ink::Strong);
    }
    for note in &report.notes {
        screen.labelled("warning", &note.message, Ink::Caution);
    }
}

/// A path is never wrapped, so that it can be copied.
fn write_path(screen: &mut Screen, label: &str, path: &Path) {
    screen.push(&format!("{label:<9}"), Ink::Strong);
    screen.push(&path.display().to_string(), Ink::Plain).end_line();
}
