//! Which band comes next: those that are known, then those that follow from what was measured.

use stormdb_analysis::{
    Error,
    placement::{Measured, Placement, Spread, place},
    steady_mean::steady_mean,
};

use crate::{
    assess::{CONFIDENCE, assess_some, per_second},
    plan::{BandPlan, Purpose, RunPlan, Search, SearchEnd},
    record::{BandRecord, RunRecord},
    threshold,
};

/// What comes after the bands of a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    Band(Box<BandPlan>),
    /// An adaptive ladder is as far as it goes; to be recorded before the next step is asked for.
    SearchEnded(SearchEnd),
    /// Every band has begun.
    Over,
}

/// The next step of a run, from its record alone: the bands of its plan, those that an adaptive ladder places, the
/// repeats of these, and those that confirm the recommendation. A band that failed counts as one that was run.
///
/// # Errors
/// The record holds numbers that no run measures.
pub fn next_step(record: &RunRecord) -> Result<Step, Error> {
    let plan = &record.header.plan;
    let begun = |band: &&BandPlan| !record.bands.iter().any(|it| it.plan.index == band.index);
    if let Some(band) = plan.bands.iter().find(begun) {
        return Ok(Step::Band(Box::new(band.clone())));
    }
    if let Some(search) = &plan.search {
        match record.search_end {
            None => return placed(search, record),
            Some(SearchEnd::TooManyErrors | SearchEnd::Collapsed) => return Ok(Step::Over),
            Some(_) => {}
        }
        if let Some(band) = repeated(plan, record) {
            return Ok(Step::Band(Box::new(band)));
        }
    }
    Ok(confirming(plan, record)?.map_or(Step::Over, |band| Step::Band(Box::new(band))))
}

/// The band that an adaptive ladder places after those so far, or why it places none.
fn placed(search: &Search, record: &RunRecord) -> Result<Step, Error> {
    let measured = measured(record)?;
    let placement = place(&measured, search.workers(), search.bands_max as usize)?;
    let (workers, reason) = match placement {
        Placement::End(end) => return Ok(Step::SearchEnded(end)),
        Placement::Band { workers, reason } => (workers, reason),
    };
    let Some(first) = record.header.plan.bands.first() else { return Ok(Step::Over) };
    let size = BandPlan { workers, connections: search.connections_of(workers), ..first.clone() };
    let band = BandPlan { purpose: Purpose::Refine, reason: Some(reason), ..again(&size, record) };
    Ok(Step::Band(Box::new(band)))
}

/// One more band of this size.
fn again(band: &BandPlan, record: &RunRecord) -> BandPlan {
    let count = |bands: usize| u32::try_from(bands).unwrap_or(u32::MAX).saturating_add(1);
    let last = record.bands.iter().map(|band| band.plan.index).max().unwrap_or(0);
    let same = record.bands.iter().filter(|it| it.plan.is_same_size(band)).count();
    BandPlan { index: last + 1, repeat: count(same), ..band.clone() }
}

/// The bands of the first climb as the placement sees them, in the order in which they ran.
fn measured(record: &RunRecord) -> Result<Vec<Measured>, Error> {
    record.bands.iter().map(point).collect()
}

fn point(band: &BandRecord) -> Result<Measured, Error> {
    let failed = Measured {
        workers: band.plan.workers,
        tps: 0.0,
        interval: None,
        error_rate: 1.0,
        reason: band.plan.reason,
    };
    let Some(measurement) = band.measurement() else { return Ok(failed) };
    let Some(tps) = measurement.tps() else { return Ok(failed) };
    let throughput = steady_mean(&per_second(&band.intervals), CONFIDENCE)?;
    let standard_error = throughput.standard_error(CONFIDENCE)?;
    let interval = standard_error
        .zip(throughput.half_width())
        .map(|(standard_error, half_width)| Spread { half_width, standard_error });
    // A band in which nothing ended has no errors either.
    let error_rate = measurement.counts.error_rate().unwrap_or(0.0);
    Ok(Measured { tps, interval, error_rate, ..failed })
}

/// The next band of the climbs after the one that placed them: down, and up again.
fn repeated(plan: &RunPlan, record: &RunRecord) -> Option<BandPlan> {
    let mut once: Vec<&BandPlan> = Vec::new();
    for band in record.bands.iter().filter(|band| band.plan.repeat == 1) {
        if band.plan.purpose != Purpose::Confirm
            && !once.iter().any(|it| it.is_same_size(&band.plan))
        {
            once.push(&band.plan);
        }
    }
    once.sort_by_key(|band| (band.workers, band.connections));
    for repeat in 2..=plan.repeats {
        let turn: Vec<&BandPlan> =
            if repeat % 2 == 1 { once.clone() } else { once.iter().rev().copied().collect() };
        for band in turn {
            let done = record
                .bands
                .iter()
                .any(|it| it.plan.repeat == repeat && it.plan.is_same_size(band));
            if !done {
                return Some(again(band, record));
            }
        }
    }
    None
}

/// The recommended band and its best rival, once more.
fn confirming(plan: &RunPlan, record: &RunRecord) -> Result<Option<BandPlan>, Error> {
    let confirmed =
        record.bands.iter().filter(|band| band.plan.purpose == Purpose::Confirm).count();
    if !plan.confirm || confirmed > 1 {
        return Ok(None);
    }
    let Some(rivals) = Rivals::before_confirmation(record)? else { return Ok(None) };
    let band = if confirmed == 0 { &rivals.recommended } else { &rivals.other };
    let band = BandPlan { purpose: Purpose::Confirm, reason: None, ..again(band, record) };
    Ok(Some(band))
}

/// The recommended band, and the one that it must hold its own against.
#[derive(Clone, Debug, PartialEq)]
pub struct Rivals {
    pub recommended: BandPlan,
    /// The best band; where that is the recommended one, the best of the others.
    pub other: BandPlan,
}

impl Rivals {
    /// What was recommended before any band was run to confirm it; nothing without two different sizes of which one
    /// is recommended.
    ///
    /// # Errors
    /// The record holds numbers that no run measures.
    pub fn before_confirmation(record: &RunRecord) -> Result<Option<Self>, Error> {
        let found = assess_some(record, &threshold::constraints_of(record), |band| {
            band.plan.purpose != Purpose::Confirm
        })?;
        let Some(optimum) = found.assessment.optimum.as_ref() else { return Ok(None) };
        let plan_of = |position: usize| {
            let index = found.first_band(position)?;
            record.bands.iter().map(|band| &band.plan).find(|plan| plan.index == index)
        };
        let Some(recommended) = plan_of(optimum.recommended()) else { return Ok(None) };
        let mut others: Vec<(f64, &BandPlan)> = (0..found.bands.len())
            .filter_map(|position| Some((found.bands[position].tps, plan_of(position)?)))
            .filter(|(_, plan)| !plan.is_same_size(recommended))
            .collect();
        others.sort_by(|left, right| right.0.total_cmp(&left.0));
        let other = others.first().map(|(_, plan)| (*plan).clone());
        Ok(other.map(|other| Self { recommended: recommended.clone(), other }))
    }
}

#[cfg(test)]
mod tests;
