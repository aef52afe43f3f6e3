//! What to check before a run is trusted, in words.

use stormdb_analysis::assess::regions::BandCertainty;
use stormdb_run::assess::{AssessedBand, RunAssessment, doubt::Doubt};

use crate::{
    note::{Note, band_list},
    number::{count, percent},
};

/// A note for each doubt; percentiles together.
pub(crate) fn notes(doubts: &[Doubt]) -> Vec<Note> {
    let mut notes: Vec<Note> = doubts.iter().filter_map(words).collect();
    let rough: Vec<String> = doubts
        .iter()
        .filter_map(|doubt| match doubt {
            Doubt::FewBeyond { percentile, bands } => {
                Some(format!("{percentile} in {}", band_list(bands.iter().copied())))
            }
            _ => None,
        })
        .collect();
    if !rough.is_empty() {
        notes.push(Note {
            id: "few-beyond-percentile".to_owned(),
            message: format!(
                "fewer than 20 operations lie beyond {}: read these as rough, or measure for longer",
                rough.join(", ")
            ),
        });
    }
    notes
}

/// The bands whose region is less than 80 % probable, each with its candidates.
pub(crate) fn regions(analysis: &RunAssessment) -> Option<Note> {
    let certainty = analysis.assessment.certainty.as_ref().ok()?;
    let candidates = |(band, found): (&AssessedBand, &BandCertainty)| match found.candidates() {
        [first, second] => Some(format!(
            "band {} {} ({}) or {} ({})",
            band.first(),
            first.region.name(),
            percent(first.probability),
            second.region.name(),
            percent(second.probability)
        )),
        _ => None,
    };
    let doubtful: Vec<String> =
        analysis.bands.iter().zip(&certainty.bands).filter_map(candidates).collect();
    (!doubtful.is_empty()).then(|| Note {
        id: "region-uncertain".to_owned(),
        message: format!("within the error of the throughputs, {}", doubtful.join("; ")),
    })
}

fn words(doubt: &Doubt) -> Option<Note> {
    let (id, message) = match doubt {
        Doubt::FewBeyond { .. } => return None,
        Doubt::Drift { band, drift } => (
            "drift",
            format!(
                "band {band}: throughput {} by {} from its beginning to its end (p {} over {} batches): caches, bloat or \
                 a checkpoint may be at work; warm up or measure for longer",
                direction(drift.change),
                percent(drift.change.abs()),
                probability(drift.p_value),
                drift.batches
            ),
        ),
        Doubt::Checkpoint { bands, of } => (
            "checkpoint",
            format!(
                "a checkpoint was at work in {}{}: its writes are part of what was measured; measure for several times \
                 `checkpoint_timeout`, or raise it and `max_wal_size`",
                band_list(bands.iter().copied()),
                if bands.len() < *of { " and not in the others" } else { "" }
            ),
        ),
        Doubt::OrderedByLoad { bands } => (
            "ordered-by-load",
            format!(
                "the {} bands ran in the order of their load, each once: what changes with time, such as caches and \
                 bloat, looks like an effect of the load",
                count(*bands as u64)
            ),
        ),
        Doubt::DriftOverRun { change, p_value, runs } => (
            "drift-over-run",
            format!(
                "the repeats {} together by {} from the first to the last of {} (p {}): the server changed during the \
                 run",
                if *change < 0.0 { "fall" } else { "rise" },
                percent(change.abs()),
                count(*runs as u64),
                probability(*p_value)
            ),
        ),
    };
    Some(Note { id: id.to_owned(), message })
}

fn direction(change: f64) -> &'static str {
    if change < 0.0 { "fell" } else { "rose" }
}

fn probability(p_value: f64) -> String {
    if p_value < 0.001 { "< 0.001".to_owned() } else { format!("{p_value:.3}") }
}
