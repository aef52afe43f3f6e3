//! The verdict on a run, in words that claim no more than the figures do.

use stormdb_analysis::{
    assess::{Assessment, BrokenBand},
    bottleneck::Limit,
    breakpoint::BreakReason,
    scaling::Region,
};
use stormdb_run::{
    assess::{AssessedBand, RunAssessment},
    record::{Outcome, RunRecord},
};

use crate::{
    best::{best, shape},
    course,
    limit::sentence,
    model::{BandRow, Fate, assessed},
    note::band_list,
    number::{count, percent},
    rates::rates,
    theory::theory,
};

/// Growth of the response time, as an exponent of the growth of the load, that waiting in line explains.
const QUEUEING_EXPONENT_MAX: f64 = 1.1;

/// Characters of a foreign text that a finding shows.
const QUOTED_MAX: usize = 160;

/// One line of the verdict.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Finding {
    /// One word: `best`, `placed`, `confirm`, `rate`, `limit`, `latency`, `breaks`, `model`, `queueing`, `cost`,
    /// `errors`, `failed`, `check`, `result`, `stopped`, `pass`, `missed`.
    pub label: &'static str,
    pub text: String,
    pub tone: Tone,
}

/// How a finding is meant; the words say it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tone {
    Good,
    Neutral,
    Bad,
}

pub(crate) fn findings(
    record: &RunRecord,
    bands: &[BandRow],
    analysis: &RunAssessment,
) -> Vec<Finding> {
    let row = |position: usize| assessed(bands, analysis, position);
    let mut findings = Vec::new();
    if record.header.plan.is_open_loop() {
        findings.extend(rates(record, bands));
    } else {
        findings.push(best(analysis));
    }
    findings.extend(course::findings(record));
    findings.extend(limit(analysis, row));
    findings.extend(analysis.assessment.breaking_point.as_ref().and_then(|broken| {
        let before = previous_by_workers(&analysis.assessment, broken.band);
        let before = before.and_then(|position| analysis.bands.get(position));
        breaks(broken, analysis.bands.get(broken.band)?, before)
    }));
    findings.extend(theory(analysis));
    findings.extend(error_classes(record));
    findings.extend(bands.iter().filter_map(failed));
    findings.extend(checks(record));
    findings.extend(record.reported.iter().map(|(kind, value)| Finding {
        label: "result",
        text: quoted(&format!("{kind}: {value}")),
        tone: Tone::Neutral,
    }));
    findings.extend(ending(record));
    findings
}

/// Where throughput stops growing, judged by the bands after the last one that still grew, and why.
fn limit<'a>(
    analysis: &RunAssessment,
    row: impl Fn(usize) -> Option<&'a BandRow>,
) -> Option<Finding> {
    let assessment = &analysis.assessment;
    let decisive = analysis.limits.decisive();
    let cause = decisive.and_then(|(_, verdict)| sentence(verdict));
    if assessment.regions_absent.is_some() || assessment.bands.len() < 2 {
        return None;
    }
    let order = by_workers(assessment);
    let region = |position: &usize| assessment.bands.get(*position).and_then(|band| band.region);
    let flat = |position: &&usize| {
        matches!(region(position), Some(Region::Saturation | Region::Degradation))
    };
    let flat_bands = order.iter().rev().take_while(flat).count();
    let (growing, rest) = order.split_at(order.len() - flat_bands);
    let last_growing = row(*growing.last()?)?;
    let Some(first_flat) = rest.first().and_then(|&position| row(position)) else {
        let manner = match region(order.last()?) {
            Some(Region::Diminishing) => "still grows, by less and less per worker,",
            _ => "still grows",
        };
        return Some(Finding {
            label: "limit",
            text: format!(
                "throughput {manner} at {} workers, the most measured{}",
                last_growing.workers,
                cause.map_or_else(String::new, |cause| format!("; {cause}"))
            ),
            tone: Tone::Neutral,
        });
    };
    let falling = rest
        .iter()
        .filter(|position| region(position) == Some(Region::Degradation))
        .find_map(|&position| row(position));
    let fall = falling.map_or_else(String::new, |band| {
        let verb = if band.doubtful { "may fall" } else { "falls" };
        format!(" and {verb} at {}", band.workers)
    });
    Some(Finding {
        label: "limit",
        text: format!(
            "throughput stops growing between {} and {} workers{fall}; {}",
            last_growing.workers,
            first_flat.workers,
            match (decisive.map(|(_, verdict)| verdict.limit), cause) {
                (Some(Limit::Of(_)), Some(cause)) => cause,
                (_, Some(doubt)) => format!("the cause is not determined: {doubt}"),
                (_, None) => "the cause is not determined".to_owned(),
            }
        ),
        tone: Tone::Neutral,
    })
}

fn breaks(
    broken: &BrokenBand,
    band: &AssessedBand,
    before: Option<&AssessedBand>,
) -> Option<Finding> {
    // Beyond saturation the response time of a closed loop grows with the load, with nothing broken.
    let queueing =
        broken.response_exponent.is_some_and(|exponent| exponent <= QUEUEING_EXPONENT_MAX);
    let failing = broken.reasons.contains(&BreakReason::ErrorRate);
    let reasons: Vec<_> = broken
        .reasons
        .iter()
        .filter_map(|reason| match reason {
            BreakReason::ResponseTime => {
                let growth = band.p95_ms? / before?.p95_ms? - 1.0;
                let explained = match broken.response_exponent {
                    Some(_) if queueing => ", no more than waiting in line explains",
                    Some(_) => ", more than waiting in line explains",
                    None => "",
                };
                Some(format!("p95 is {} above the band before{explained}", percent(growth)))
            }
            BreakReason::ErrorRate => {
                Some(format!("{} of the operations failed", percent(band.error_rate)))
            }
        })
        .collect();
    let (label, tone) =
        if queueing && !failing { ("latency", Tone::Neutral) } else { ("breaks", Tone::Bad) };
    let text = format!("{}: {}", shape(band), reasons.join("; "));
    (!reasons.is_empty()).then_some(Finding { label, text, tone })
}

/// One finding per class of error, added up over the bands.
fn error_classes(record: &RunRecord) -> Vec<Finding> {
    struct Class<'a> {
        name: String,
        count: u64,
        bands: Vec<u32>,
        example: &'a str,
    }
    let mut classes: Vec<Class<'_>> = Vec::new();
    for (band, measurement) in record.measured() {
        for tally in &measurement.errors {
            let name = match &tally.sqlstate {
                Some(sqlstate) => format!("{} ({sqlstate})", tally.class),
                None => tally.class.clone(),
            };
            let index = match classes.iter().position(|class| class.name == name) {
                Some(index) => index,
                None => {
                    let example = &tally.example;
                    classes.push(Class { name, count: 0, bands: Vec::new(), example });
                    classes.len() - 1
                }
            };
            classes[index].count += tally.count;
            classes[index].bands.push(band.plan.index);
        }
    }
    let finding = |Class { name, count: failures, bands, example }: Class<'_>| Finding {
        label: "errors",
        text: format!("{} {name} in {}: {}", count(failures), band_list(bands), quoted(example)),
        tone: Tone::Bad,
    };
    classes.into_iter().map(finding).collect()
}

fn failed(band: &BandRow) -> Option<Finding> {
    let text = match &band.fate {
        // How the run ended says it already.
        Fate::Finished | Fate::Interrupted => return None,
        Fate::Failed(failure) => {
            format!("band {}: {} ({})", band.index, quoted(&failure.message), failure.id)
        }
    };
    Some(Finding { label: "failed", text, tone: Tone::Bad })
}

fn checks(record: &RunRecord) -> Vec<Finding> {
    let passed = record.checks.iter().filter(|check| check.passed).count();
    let all = record.checks.len();
    let mut findings = Vec::new();
    if all > 0 {
        findings.push(Finding {
            label: "check",
            text: format!("{passed} of {all} checks of the data passed"),
            tone: if passed == all { Tone::Good } else { Tone::Bad },
        });
    }
    findings.extend(record.checks.iter().filter(|check| !check.passed).map(|check| Finding {
        label: "check",
        text: format!("{} FAILED: {}", check.name, quoted(&check.finding)),
        tone: Tone::Bad,
    }));
    findings
}

/// How the run ended, unless it was by plan.
fn ending(record: &RunRecord) -> Option<Finding> {
    let plan = &record.header.plan;
    let planned = match plan.bands_known() {
        Some(bands) => bands.to_string(),
        None => format!("at most {}", plan.bands_max()),
    };
    let finished = record.measured().count();
    let text = match &record.outcome {
        Some(Outcome::Complete { .. }) => return None,
        Some(Outcome::Stopped { failure, .. }) => format!(
            "with {finished} of {planned} bands finished: {} ({})",
            quoted(&failure.message),
            failure.id
        ),
        None => format!(
            "with {finished} of {planned} bands finished: the record has no end; the run was killed or still goes on"
        ),
    };
    Some(Finding { label: "stopped", text, tone: Tone::Bad })
}

/// Positions of the assessed bands, the fewest workers first.
fn by_workers(assessment: &Assessment) -> Vec<usize> {
    let mut order: Vec<usize> = (0..assessment.bands.len()).collect();
    order.sort_by_key(|&position| {
        assessment.bands.get(position).map(|band| (band.workers, band.connections))
    });
    order
}

fn previous_by_workers(assessment: &Assessment, position: usize) -> Option<usize> {
    let order = by_workers(assessment);
    let rank = order.iter().position(|&other| other == position)?;
    Some(order[rank.saturating_sub(1)])
}

/// The beginning of a text that others wrote.
fn quoted(text: &str) -> String {
    match text.char_indices().nth(QUOTED_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
