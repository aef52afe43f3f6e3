//! What became of the thresholds, in words.

use stormdb_run::threshold::{BandValue, ThresholdResult};

use crate::{
    finding::{Finding, Tone},
    number::count,
};

/// Bands that a line names one by one.
const NAMED_MAX: usize = 3;

/// One line of the verdict per threshold.
pub(crate) fn findings(results: &[ThresholdResult]) -> impl Iterator<Item = Finding> {
    results.iter().map(|result| {
        let (label, tone) =
            if result.passed { ("pass", Tone::Good) } else { ("missed", Tone::Bad) };
        Finding { label, text: format!("{}: {}", result.threshold, outcome(result)), tone }
    })
}

/// What was found, without the threshold itself.
pub(crate) fn outcome(result: &ThresholdResult) -> String {
    let metric = result.threshold.metric;
    let found = |band: &BandValue| {
        let value = band.value.map_or_else(|| "no figure".to_owned(), |value| metric.show(value));
        format!("{value} with {}", size(band))
    };
    let (kept, missed): (Vec<&BandValue>, Vec<&BandValue>) =
        result.bands.iter().partition(|band| band.passed);
    // What decides is named first: the bands that miss it, or those that keep it.
    let shown = if result.passed || missed.is_empty() { &kept } else { &missed };
    let mut parts: Vec<String> = shown.iter().take(NAMED_MAX).map(|band| found(band)).collect();
    if shown.len() > NAMED_MAX {
        parts.push(format!("{} more", shown.len() - NAMED_MAX));
    }
    if let Some(absent) = result.absent {
        parts.push(absent.sentence().to_owned());
    }
    parts.join("; ")
}

/// `28 workers, 56 connections`, with the rate of an open loop.
fn size(band: &BandValue) -> String {
    let counted = |number: u32, noun: &str| {
        format!("{} {noun}{}", count(u64::from(number)), if number == 1 { "" } else { "s" })
    };
    let rate = band.rate.map_or_else(String::new, |rate| format!(" at {rate}/s"));
    let sizes = [counted(band.workers, "worker"), counted(band.connections, "connection")];
    format!("{}{rate}", sizes.join(", "))
}
