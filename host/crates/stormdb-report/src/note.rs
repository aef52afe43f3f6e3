//! What a reader should know before trusting a run, in words.

use stormdb_analysis::{assess::BandAssessment, steady_mean::SteadyMean, warning::Warning};
use stormdb_run::{
    assess::{AssessedBand, RunAssessment},
    record::RunRecord,
};

use crate::number::{decimals, percent, rate};

/// A warning with its stable name.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Note {
    pub id: String,
    pub message: String,
}

/// The warnings of the plan, of the run, and of the analysis, each once.
pub(crate) fn notes(record: &RunRecord, analysis: &RunAssessment) -> Vec<Note> {
    let planned = record.header.plan.warnings.iter().map(|warning| Note {
        id: serde_json::to_value(warning.id)
            .ok()
            .and_then(|id| id.as_str().map(str::to_owned))
            .unwrap_or_default(),
        message: warning.to_string(),
    });
    let warned = record
        .warnings
        .iter()
        .map(|warning| Note { id: warning.id.clone(), message: warning.message.clone() });
    let single = record.header.plan.bands.len() == 1;
    let length_key = if single { "duration" } else { "test_duration" };
    let found = analysis.assessment.warnings.iter().filter(|warning| {
        // Who asked for one band knows that it is no curve.
        !(single && matches!(warning, Warning::FewBands { .. }))
    });
    let found = found.flat_map(|warning| words(warning, analysis, length_key));
    let unsettled = analysis.bands.iter().filter_map(settling);
    let mut notes: Vec<Note> = Vec::new();
    for note in planned.chain(warned).chain(found).chain(unsettled) {
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    notes
}

/// `band 3`, `bands 1-4, 6`.
pub(crate) fn band_list(indexes: impl IntoIterator<Item = u32>) -> String {
    let mut indexes: Vec<u32> = indexes.into_iter().collect();
    indexes.sort_unstable();
    indexes.dedup();
    let ranges: Vec<_> = indexes
        .chunk_by(|before, after| before + 1 == *after)
        .map(|range| match range {
            [first, .., last] if range.len() > 2 => format!("{first}-{last}"),
            _ => range.iter().map(u32::to_string).collect::<Vec<_>>().join(", "),
        })
        .collect();
    let noun = if indexes.len() == 1 { "band" } else { "bands" };
    format!("{noun} {}", ranges.join(", "))
}

fn words(warning: &Warning, analysis: &RunAssessment, length_key: &str) -> Vec<Note> {
    let name = |position: usize| analysis.bands.get(position).map_or(0, |band| band.band);
    let names = |positions: &[usize]| band_list(positions.iter().map(|&band| name(band)));
    let note = |id: &str, message: String| vec![Note { id: id.to_owned(), message }];
    match warning {
        Warning::FewBands { bands } => note(
            "few-bands",
            format!("only {bands} finished of the 3 bands that a curve needs; plan more of them"),
        ),
        Warning::PeakNotReached { band } => note(
            "peak-not-reached",
            format!(
                "band {}: the largest one has the highest throughput, so that the peak may lie beyond; \
                 raise `max_workers` and `max_connections`",
                name(*band)
            ),
        ),
        Warning::NoThroughput { bands } => {
            note("no-throughput", format!("{}: no operation succeeded", names(bands)))
        }
        Warning::ErrorRateHigh { band, error_rate } => note(
            "error-rate-high",
            format!(
                "band {}: {} of the operations failed, so that it is not recommended",
                name(*band),
                percent(*error_rate)
            ),
        ),
        Warning::NoInterval { bands } => no_interval(bands, analysis, length_key),
        Warning::GainWithinError { band, gain_tps, error_tps } => note(
            "gain-within-error",
            format!(
                "band {}: its gain of {} TPS is within its error of {} TPS, so that its verdict is a guess; \
                 measure longer",
                name(*band),
                rate(*gain_tps),
                rate(*error_tps)
            ),
        ),
        Warning::OptimumUncertain { plausible, .. } => note(
            "optimum-uncertain",
            format!(
                "measurement error leaves {} as the best; run these again, for longer",
                names(plausible)
            ),
        ),
        Warning::LittleMismatch { band, ratio, impossible } => {
            let assessed = analysis.assessment.bands.get(*band);
            assessed.map_or_else(Vec::new, |found| {
                note("little-mismatch", in_flight(name(*band), found, *ratio, *impossible))
            })
        }
        Warning::PoolSmallerThanWorkers { bands } => note(
            "pool-smaller-than-workers",
            format!(
                "{}: fewer connections than workers, so that latency includes the wait for a connection",
                names(bands)
            ),
        ),
        Warning::PoolRatioVaries { lowest, highest } => note(
            "pool-ratio-varies",
            format!(
                "connections per worker vary from {} to {}, so that the effects of workers and connections \
                 cannot be told apart",
                decimals(*lowest, 1),
                decimals(*highest, 1)
            ),
        ),
    }
}

/// Little's law: throughput × response time is the work in progress, of which each worker has at most one piece.
fn in_flight(band: u32, found: &BandAssessment, ratio: f64, impossible: bool) -> String {
    let workers = found.workers;
    let implied = decimals(ratio * f64::from(workers), 1);
    if impossible {
        format!(
            "band {band}: TPS x latency = {implied} in flight, more than {workers} workers: check the timer"
        )
    } else {
        format!(
            "band {band}: TPS x latency = {implied} in flight, fewer than {workers} workers: {} of their time \
             is in no operation; the load process may lack CPU",
            percent(1.0 - ratio)
        )
    }
}

fn no_interval(positions: &[usize], analysis: &RunAssessment, length_key: &str) -> Vec<Note> {
    let without = || positions.iter().filter_map(|&position| analysis.bands.get(position));
    let short: Vec<(u32, usize)> = without()
        .filter_map(|band| match band.throughput {
            SteadyMean::TooShort { needed, .. } => Some((band.band, needed)),
            SteadyMean::Steady { .. } | SteadyMean::NotSteady { .. } => None,
        })
        .collect();
    let unsteady: Vec<u32> = without()
        .filter(|band| matches!(band.throughput, SteadyMean::NotSteady { .. }))
        .map(|band| band.band)
        .collect();
    let mut notes = Vec::new();
    if let Some(needed) = short.iter().map(|(_, needed)| *needed).max() {
        notes.push(Note {
            id: "too-short".to_owned(),
            message: format!(
                "{}: too short for ±95%, which takes {needed} intervals of a second or more; nothing about them is \
                 confirmed; raise `{length_key}`",
                band_list(short.iter().map(|(band, _)| *band))
            ),
        });
    }
    if !unsteady.is_empty() {
        notes.push(Note {
            id: "not-steady".to_owned(),
            message: format!(
                "{}: throughput had not settled by half of the band, so that there is no ±95%; raise \
                 `warmup_duration` or `{length_key}`",
                band_list(unsteady)
            ),
        });
    }
    notes
}

/// A band whose steady throughput is another than its overall one.
fn settling(band: &AssessedBand) -> Option<Note> {
    let SteadyMean::Steady { mean, half_width, warm_up, .. } = &band.throughput else {
        return None;
    };
    ((mean - band.tps).abs() > *half_width && *warm_up > 0).then(|| Note {
        id: "still-settling".to_owned(),
        message: format!(
            "band {}: {} TPS after the first {warm_up} intervals, {} TPS over all: it was still settling; raise \
             `warmup_duration`",
            band.band,
            rate(*mean),
            rate(band.tps)
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::band_list;

    #[test]
    fn bands_are_listed_in_ranges() {
        assert_eq!(band_list([3]), "band 3");
        assert_eq!(band_list([2, 1]), "bands 1, 2");
        assert_eq!(band_list([6, 1, 2, 3, 4]), "bands 1-4, 6");
    }
}
