//! What a reader should know before trusting a run, in words.

use std::time::Duration;

use stormdb_analysis::{assess::BandAssessment, steady_mean::SteadyMean, warning::Warning};
use stormdb_run::{
    assess::{AssessedBand, AssessedRun, RunAssessment},
    config::warning::WarningId,
    measurement::INTERVAL,
    record::RunRecord,
};

use crate::{
    course, doubt, generator,
    number::{decimals, duration, percent, rate},
};

/// A warning with its stable name.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Note {
    pub id: String,
    pub message: String,
}

/// The warnings of the plan, of the run, and of the analysis, each once.
pub(crate) fn notes(record: &RunRecord, analysis: &RunAssessment) -> Vec<Note> {
    let warnings = record.header.plan.warnings.iter();
    let planned =
        warnings.filter(|warning| !is_outdated(warning.id, analysis)).map(|warning| Note {
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
    let about = About { record, analysis };
    let found = analysis.assessment.warnings.iter().flat_map(|warning| about.words(warning));
    let unsettled = analysis.bands.iter().flat_map(|band| &band.runs).filter_map(settling);
    let mut notes: Vec<Note> = Vec::new();
    let limits = doubt::regions(analysis)
        .into_iter()
        .chain(generator::notes(record))
        .chain(doubt::notes(&analysis.doubts));
    let closed_loop = record.measured().any(|(band, _)| band.plan.arrivals.is_none());
    let omission = closed_loop.then(coordinated_omission);
    for note in planned
        .chain(warned)
        .chain(found)
        .chain(unsettled)
        .chain(limits)
        .chain(course::notes(record))
        .chain(omission)
    {
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    notes
}

/// What the latencies of a closed loop leave out.
fn coordinated_omission() -> Note {
    Note {
        id: "closed-loop".to_owned(),
        message: "closed loop: a stall of the server stops the load as well, so that latencies hide most of the \
                  waiting that it causes (coordinated omission); see `arrival_rate`"
            .to_owned(),
    }
}

/// Whether a warning from before the run says nothing any more, or only what the analysis says better.
fn is_outdated(id: WarningId, analysis: &RunAssessment) -> bool {
    let about_pool = |warning: &Warning| matches!(warning, Warning::PoolSmallerThanWorkers { .. });
    match id {
        WarningId::LongRun => true,
        WarningId::WorkersAboveConnections => analysis.assessment.warnings.iter().any(about_pool),
        _ => false,
    }
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

/// A run that warnings are about.
struct About<'a> {
    record: &'a RunRecord,
    analysis: &'a RunAssessment,
}

impl About<'_> {
    fn words(&self, warning: &Warning) -> Vec<Note> {
        let text = match warning {
            // Who asked for one band knows that it is no curve.
            Warning::FewBands { .. } if self.record.header.plan.bands_max() == 1 => {
                return Vec::new();
            }
            Warning::NoInterval { bands } => return self.no_interval(bands),
            Warning::FewBands { bands } => {
                format!(
                    "only {bands} finished of the 3 bands that a curve needs; plan more of them"
                )
            }
            Warning::PeakNotReached { band } => self.peak_not_reached(*band),
            Warning::NoThroughput { bands } => {
                format!("{}: no operation succeeded", self.names(bands))
            }
            Warning::ErrorRateHigh { band, error_rate } => format!(
                "band {}: {} of the operations failed, so that it is not recommended",
                self.name(*band),
                percent(*error_rate)
            ),
            Warning::GainWithinError { band, gain_tps, error_tps } => format!(
                "band {}: its gain of {} TPS is within its error of {} TPS, so that its verdict is a guess; \
                 raise `{}`",
                self.name(*band),
                rate(*gain_tps),
                rate(*error_tps),
                self.length_key()
            ),
            Warning::OptimumUncertain { plausible, .. } => format!(
                "measurement error leaves {} as the best; run these again, for longer",
                self.names(plausible)
            ),
            Warning::LittleMismatch { band, ratio, impossible } => {
                let Some(found) = self.analysis.assessment.bands.get(*band) else {
                    return Vec::new();
                };
                in_flight(self.name(*band), found, *ratio, *impossible)
            }
            Warning::PoolSmallerThanWorkers { bands } => format!(
                "more workers than connections in {}: latency includes the wait for a connection, which is also shown \
                 apart",
                self.names(bands)
            ),
            Warning::PoolRatioVaries { lowest, highest } => format!(
                "connections per worker vary from {} to {}, so that the effects of workers and connections \
                 cannot be told apart",
                decimals(*lowest, 1),
                decimals(*highest, 1)
            ),
        };
        vec![Note { id: id(warning).to_owned(), message: text }]
    }

    /// Index in the plan of the band at a position of the assessment.
    fn name(&self, position: usize) -> u32 {
        self.analysis.bands.get(position).map_or(0, AssessedBand::first)
    }

    fn names(&self, positions: &[usize]) -> String {
        let bands = positions.iter().filter_map(|&position| self.analysis.bands.get(position));
        band_list(bands.flat_map(|band| &band.runs).map(|run| run.band))
    }

    /// The configuration key that makes bands longer.
    fn length_key(&self) -> &'static str {
        let plan = &self.record.header.plan;
        match plan.bands.first() {
            Some(band) if band.stop.is_some() => "stop.max",
            _ if plan.strategy.is_none() => "duration",
            _ => "test_duration",
        }
    }

    fn peak_not_reached(&self, position: usize) -> String {
        let band = self.name(position);
        let planned = &self.record.header.plan.bands;
        let size = |index: u32| {
            let begun = self.record.bands.iter().map(|band| &band.plan);
            let found = planned.iter().chain(begun).find(|band| band.index == index)?;
            Some((found.workers, found.connections))
        };
        let next = if planned.iter().any(|other| size(other.index) > size(band)) {
            "the larger bands of the plan did not finish"
        } else {
            "raise `max_workers` and `max_connections`"
        };
        format!(
            "band {band}: the largest one measured has the highest throughput, so that the peak may lie beyond; {next}"
        )
    }

    /// How long so many intervals of a band are.
    fn lasting(&self, band: u32, intervals: usize) -> Duration {
        let found = self.record.bands.iter().find(|begun| begun.plan.index == band);
        let each = found.map_or(INTERVAL, |band| band.plan.interval());
        each * u32::try_from(intervals).unwrap_or(u32::MAX)
    }

    fn no_interval(&self, positions: &[usize]) -> Vec<Note> {
        let length_key = self.length_key();
        let without = || {
            let bands = positions.iter().filter_map(|&position| self.analysis.bands.get(position));
            bands.flat_map(|band| &band.runs)
        };
        let short: Vec<(u32, Duration)> = without()
            .filter_map(|band| match band.throughput {
                SteadyMean::TooShort { needed, .. } => {
                    Some((band.band, self.lasting(band.band, needed)))
                }
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
                    "{}: too short for ±95%, which takes {} or more, so that nothing is \
                 confirmed; raise `{length_key}`",
                    band_list(short.iter().map(|(band, _)| *band)),
                    duration(needed)
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
}

/// The stable name.
fn id(warning: &Warning) -> &'static str {
    match warning {
        Warning::FewBands { .. } => "few-bands",
        Warning::PeakNotReached { .. } => "peak-not-reached",
        Warning::NoThroughput { .. } => "no-throughput",
        Warning::ErrorRateHigh { .. } => "error-rate-high",
        Warning::NoInterval { .. } => "no-interval",
        Warning::GainWithinError { .. } => "gain-within-error",
        Warning::OptimumUncertain { .. } => "optimum-uncertain",
        Warning::LittleMismatch { .. } => "little-mismatch",
        Warning::PoolSmallerThanWorkers { .. } => "pool-smaller-than-workers",
        Warning::PoolRatioVaries { .. } => "pool-ratio-varies",
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

/// A band whose steady throughput is another than its overall one.
fn settling(band: &AssessedRun) -> Option<Note> {
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
