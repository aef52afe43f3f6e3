//! The recommended load, in words.

use stormdb_run::assess::{AssessedBand, RunAssessment};

use crate::{
    finding::{Finding, Tone},
    number::{count, percent, rate, scaled},
};

/// The recommended load and how it compares with the highest throughput.
pub(crate) fn best(analysis: &RunAssessment) -> Finding {
    let bad = |text: &str| Finding { label: "best", text: text.to_owned(), tone: Tone::Bad };
    let bands = analysis.bands.as_slice();
    if bands.is_empty() {
        return bad("none: no band finished");
    }
    let Some(optimum) = &analysis.assessment.optimum else {
        return bad(
            "none: no band completed operations within the limits: at most 5% errors, and what \
             `thresholds` asks of errors, p95 and p99",
        );
    };
    let at = |position: usize| bands.get(position);
    let (Some(best), Some(highest)) = (at(optimum.recommended()), at(optimum.best_index)) else {
        return bad("none: the best band is not in the record");
    };
    // A band with too many errors is no candidate, whatever its throughput.
    let outdone = bands.iter().any(|band| band.tps > highest.tps);
    let summit =
        if outdone { "the highest with at most 5% errors" } else { "the highest measured" };
    let mut comparison = if bands.len() == 1 {
        "the only band that finished: nothing to compare with".to_owned()
    } else if optimum.recommended() == optimum.best_index {
        summit.to_owned()
    } else {
        format!("within 5% of {summit}, {}", saving(best, highest))
    };
    if optimum.confirmation.is_some() && bands.len() > 1 {
        let alternatives = optimum.alternatives().into_iter().filter_map(at);
        let alternatives: Vec<String> = alternatives.map(shape).collect();
        if alternatives.is_empty() {
            comparison.push_str(", confirmed by ±95%");
        } else {
            comparison.push_str(&format!("; within ±95% also {}", alternatives.join(" or ")));
        }
    }
    Finding {
        label: "best",
        text: format!("{}: {} ({comparison})", shape(best), performance(best)),
        tone: Tone::Good,
    }
}

/// `28 workers, 56 connections`.
pub(crate) fn shape(band: &AssessedBand) -> String {
    let counted = |number: u32, noun: &str| {
        format!("{} {noun}{}", count(u64::from(number)), if number == 1 { "" } else { "s" })
    };
    format!("{}, {}", counted(band.workers, "worker"), counted(band.connections, "connection"))
}

fn saving(best: &AssessedBand, highest: &AssessedBand) -> String {
    let share = |less: u32, more: u32| percent(1.0 - f64::from(less) / f64::from(more));
    if best.workers < highest.workers {
        format!("{} fewer workers", share(best.workers, highest.workers))
    } else {
        format!("{} fewer connections", share(best.connections, highest.connections))
    }
}

/// `2,534 TPS, p95 61.2 ms`; the mean of several runs says of how many.
fn performance(band: &AssessedBand) -> String {
    let tps = match band.runs.len() {
        1 => format!("{} TPS", rate(band.tps)),
        runs => format!("{} TPS (mean of {runs})", rate(band.tps)),
    };
    match band.p95_ms {
        Some(p95) => format!("{tps}, p95 {} ms", scaled(p95)),
        None => tps,
    }
}
