//! The verdict on a run, in words that claim no more than the figures do.

use stormdb_analysis::{
    assess::{Assessment, BrokenBand},
    bottleneck::Limit,
    breakpoint::BreakReason,
    scaling::Region,
};
use stormdb_run::{
    assess::RunAssessment,
    record::{Outcome, RunRecord},
};

use crate::{
    course,
    limit::sentence,
    metrics::{errors, latency, throughput},
    model::{BandRow, Fate, assessed},
    note::band_list,
    number::{count, percent, rate, scaled},
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
    /// One word: `best`, `placed`, `confirm`, `rate`, `limit`, `latency`, `breaks`, `model`, `queueing`, `cost`, `errors`, `failed`,
    /// `check`, `result`, `stopped`, `pass`, `missed`.
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
        findings.push(best(&analysis.assessment, row));
    }
    findings.extend(course::findings(record));
    findings.extend(limit(analysis, row));
    findings.extend(analysis.assessment.breaking_point.as_ref().and_then(|broken| {
        let before = row(previous_by_workers(&analysis.assessment, broken.band)?);
        breaks(broken, row(broken.band)?, before)
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

/// The recommended band and how it compares with the highest throughput.
fn best<'a>(assessment: &Assessment, row: impl Fn(usize) -> Option<&'a BandRow>) -> Finding {
    let bad = |text: &str| Finding { label: "best", text: text.to_owned(), tone: Tone::Bad };
    if assessment.bands.is_empty() {
        return bad("none: no band finished");
    }
    let Some(optimum) = &assessment.optimum else {
        return bad(
            "none: no band completed operations within the limits: at most 5% errors, or what `thresholds` asks of errors, p95 and p99",
        );
    };
    let (Some(best), Some(highest)) = (row(optimum.recommended()), row(optimum.best_index)) else {
        return bad("none: the best band is not in the record");
    };
    let alternatives: Vec<&BandRow> = optimum.alternatives().into_iter().filter_map(&row).collect();
    // A band with too many errors is no candidate, whatever its throughput.
    let tps = |band: &BandRow| band.number(&throughput::TPS);
    let outdone = (0..assessment.bands.len()).filter_map(&row).any(|band| tps(band) > tps(highest));
    let summit =
        if outdone { "the highest with at most 5% errors" } else { "the highest measured" };
    let mut comparison = if assessment.bands.len() == 1 {
        "the only band that finished: nothing to compare with".to_owned()
    } else if best.index == highest.index {
        summit.to_owned()
    } else {
        format!("within 5% of {summit}, {}", saving(best, highest))
    };
    if optimum.confirmation.is_some() && assessment.bands.len() > 1 {
        if alternatives.is_empty() {
            comparison.push_str(", confirmed by ±95%");
        } else {
            let sizes: Vec<String> = alternatives.iter().map(|band| shape(band)).collect();
            comparison.push_str(&format!("; within ±95% also {}", sizes.join(" or ")));
        }
    }
    Finding {
        label: "best",
        text: format!("{}: {} ({comparison})", shape(best), performance(best)),
        tone: Tone::Good,
    }
}

fn saving(best: &BandRow, highest: &BandRow) -> String {
    let share = |less: u32, more: u32| percent(1.0 - f64::from(less) / f64::from(more));
    if best.workers < highest.workers {
        format!("{} fewer workers", share(best.workers, highest.workers))
    } else {
        format!("{} fewer connections", share(best.connections, highest.connections))
    }
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

fn breaks(broken: &BrokenBand, band: &BandRow, before: Option<&BandRow>) -> Option<Finding> {
    // Beyond saturation the response time of a closed loop grows with the load, with nothing broken.
    let queueing =
        broken.response_exponent.is_some_and(|exponent| exponent <= QUEUEING_EXPONENT_MAX);
    let failing = broken.reasons.contains(&BreakReason::ErrorRate);
    let reasons: Vec<_> = broken
        .reasons
        .iter()
        .filter_map(|reason| match reason {
            BreakReason::ResponseTime => {
                let growth = band.number(&latency::P95)? / before?.number(&latency::P95)? - 1.0;
                let explained = match broken.response_exponent {
                    Some(_) if queueing => ", no more than waiting in line explains",
                    Some(_) => ", more than waiting in line explains",
                    None => "",
                };
                Some(format!("p95 is {} above the band before{explained}", percent(growth)))
            }
            BreakReason::ErrorRate => {
                Some(format!("{} of the operations failed", percent(band.number(&errors::RATE)?)))
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

/// `28 workers, 56 connections`.
fn shape(band: &BandRow) -> String {
    let counted = |number: u32, noun: &str| {
        format!("{} {noun}{}", count(u64::from(number)), if number == 1 { "" } else { "s" })
    };
    format!("{}, {}", counted(band.workers, "worker"), counted(band.connections, "connection"))
}

/// `2,534 TPS, p95 61.2 ms`.
fn performance(band: &BandRow) -> String {
    let tps = band.number(&throughput::TPS).map_or_else(|| "no".to_owned(), rate);
    match band.number(&latency::P95) {
        Some(p95) => format!("{tps} TPS, p95 {} ms", scaled(p95)),
        None => format!("{tps} TPS"),
    }
}

/// The beginning of a text that others wrote.
fn quoted(text: &str) -> String {
    match text.char_indices().nth(QUOTED_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
