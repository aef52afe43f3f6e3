//! What a run decided while it went on, in words: where bands were placed, when they ended, what was confirmed.

use stormdb_analysis::placement::{COLLAPSED, End, PEAK_ERROR_MAX, UNCHANGED, UNSAFE_BANDS};
use stormdb_run::{
    assess::CONFIDENCE,
    confirmation::{Confirmation, Verdict, confirmation},
    ending::EndingCause,
    plan::{BandPlan, Purpose},
    record::{BandRecord, RunRecord},
};

use crate::{
    finding::{Finding, Tone},
    note::{Note, band_list},
    number::percent,
};

/// How an adaptive ladder ended, and what became of the recommendation when it was run again.
pub(crate) fn findings(record: &RunRecord) -> Vec<Finding> {
    placed(record).into_iter().chain(confirmed(record)).collect()
}

fn placed(record: &RunRecord) -> Option<Finding> {
    let end = record.search_end?;
    let placed = record.bands.iter().filter(|band| band.plan.purpose == Purpose::Refine).count();
    let (why, tone) = match end {
        End::PeakKnown => (format!("the peak is known to {}", percent(PEAK_ERROR_MAX)), Tone::Good),
        End::OptimumSettled => {
            (format!("the last {UNCHANGED} left the optimum where it was"), Tone::Good)
        }
        End::BandsSpent => ("there are as many as `bands` allows".to_owned(), Tone::Neutral),
        End::RangeExhausted => {
            ("no number of workers is left between those in question".to_owned(), Tone::Good)
        }
        End::TooManyErrors => (
            format!(
                "{UNSAFE_BANDS} bands failed, or had more than 5% errors: going on would do harm"
            ),
            Tone::Bad,
        ),
        End::Collapsed => (
            format!(
                "{UNSAFE_BANDS} bands beyond the best one had less than {} of its throughput: going on would do harm",
                percent(COLLAPSED)
            ),
            Tone::Bad,
        ),
    };
    let counted = match placed {
        0 => "no band".to_owned(),
        1 => "1 band".to_owned(),
        number => format!("{number} bands"),
    };
    let text = format!("{counted} beyond the first ones; no more, because {why}");
    Some(Finding { label: "placed", text, tone })
}

fn confirmed(record: &RunRecord) -> Option<Finding> {
    if !record.header.plan.confirm {
        return None;
    }
    // Numbers that cannot be assessed are refused before there are findings.
    let found = confirmation(record).ok().flatten();
    let Some(Confirmation { recommended, other, verdict }) = found else {
        let finished = record.outcome.is_some();
        let text = "nothing to run again: there are no two bands of which one is recommended";
        return finished.then(|| Finding {
            label: "confirm",
            text: text.to_owned(),
            tone: Tone::Bad,
        });
    };
    let (size, rival) = (size(&recommended), size(&other));
    let (text, tone) = match verdict {
        Verdict::Confirmed => {
            (format!("{size}: run again beside {rival}, and confirmed by ±95%"), Tone::Good)
        }
        Verdict::WithinError => (
            format!(
                "{size}: run again beside {rival}, and still ahead, but within the error of the two"
            ),
            Tone::Neutral,
        ),
        Verdict::Refuted => (
            format!("{size}: run again, and NOT confirmed: this time it would be {rival}"),
            Tone::Bad,
        ),
        Verdict::Unmeasured => (
            format!("{size}: not confirmed, because it or {rival} was not measured again"),
            Tone::Bad,
        ),
    };
    Some(Finding { label: "confirm", text, tone })
}

fn size(band: &BandPlan) -> String {
    format!("{} workers on {} connections", band.workers, band.connections)
}

/// Whether the last look found less precision than was asked for, or none.
fn is_imprecise(band: &BandRecord) -> bool {
    let reached = band.ending.as_ref().and_then(|ending| ending.precision);
    let asked = band.plan.stop.map(|stop| stop.precision);
    !reached.zip(asked).is_some_and(|(reached, asked)| reached <= asked)
}

/// Whether there is evidence that no checkpoint was at work beside the band; nothing is said without.
fn saw_no_checkpoint(band: &BandRecord) -> bool {
    let Some(evidence) = &band.evidence else { return false };
    let Some(counted) = &evidence.checkpoints else { return false };
    let none_begun = counted.timed == 0 && counted.requested == 0 && counted.buffers_written == 0;
    none_begun && evidence.seconds.iter().all(|second| second.checkpoint_samples == Some(0))
}

/// How bands with a stopping rule ended.
pub(crate) fn notes(record: &RunRecord) -> Vec<Note> {
    let ended_by = |cause: EndingCause| -> Vec<&BandRecord> {
        let ended = |band: &&BandRecord| band.ending.as_ref().is_some_and(|it| it.cause == cause);
        record.bands.iter().filter(ended).collect()
    };
    let list = |bands: &[&BandRecord]| band_list(bands.iter().map(|band| band.plan.index));
    let mut notes = Vec::new();
    let early = ended_by(EndingCause::PrecisionReached);
    if !early.is_empty() {
        notes.push(Note {
            id: "ended-early".to_owned(),
            message: format!(
                "{}: ended as soon as the throughput was precise enough; whoever looks often stops at a lucky moment now and \
                 then, so that the intervals of {} hold in about 90% of such bands",
                list(&early),
                percent(CONFIDENCE)
            ),
        });
    }
    let unwritten: Vec<&BandRecord> =
        early.iter().copied().filter(|band| saw_no_checkpoint(band)).collect();
    if !unwritten.is_empty() {
        notes.push(Note {
            id: "checkpoint-free".to_owned(),
            message: format!(
                "{}: no checkpoint was at work before it ended; its throughput is that of a checkpoint-free window",
                list(&unwritten)
            ),
        });
    }
    let late = ended_by(EndingCause::MaximumReached).into_iter().filter(|band| is_imprecise(band));
    let late: Vec<&BandRecord> = late.collect();
    if !late.is_empty() {
        notes.push(Note {
            id: "precision-not-reached".to_owned(),
            message: format!(
                "{}: the throughput was not precise enough within `stop.max`; raise it, or `stop.precision`",
                list(&late)
            ),
        });
    }
    // What had not settled is named among the bands without an interval.
    notes
}
