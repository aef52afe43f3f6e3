//! What a run decided while it went on, as its report says it.

use std::time::Duration;

use stormdb_report::{screen::Style, terminal};
use stormdb_run::{
    config::run_config::StopRule,
    ending::{BandEnding, EndingCause},
    plan::{Purpose, Search, SearchEnd},
    record::RunRecord,
};

use crate::record::{DOCUMENTED, finished, report, run};

/// The documented ladder as one that placed its last two bands.
fn adaptive(end: SearchEnd) -> RunRecord {
    let mut record = run(&DOCUMENTED);
    let plan = &mut record.header.plan;
    plan.strategy = Some("adaptive".to_owned());
    plan.bands.truncate(4);
    plan.search = Some(Search {
        min_workers: 10,
        max_workers: 60,
        min_connections: 20,
        max_connections: 120,
        bands_max: 8,
    });
    record.bands[4..].iter_mut().for_each(|band| band.plan.purpose = Purpose::Refine);
    record.search_end = Some(end);
    record
}

fn ended(record: &mut RunRecord, band: usize, cause: EndingCause, precision: Option<f64>) {
    let stop = StopRule { precision: 0.02, min: Duration::from_secs(10) };
    record.bands[band].plan.stop = Some(stop);
    record.bands[band].ending = Some(BandEnding { cause, looks: 4, precision });
}

/// The report in one line, whatever the width of the terminal.
fn text(record: &RunRecord) -> String {
    let text = terminal::whole(&report(record), Style::default());
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn says(record: &RunRecord, wanted: &str) {
    let text = text(record);
    assert!(text.contains(wanted), "not said: {wanted}\n{text}");
}

#[test]
fn a_placed_ladder_says_how_far_it_went_and_promises_no_number() {
    let record = adaptive(SearchEnd::OptimumSettled);
    says(&record, "plan at most 8 bands, adaptive");
    says(
        &record,
        "placed 2 bands beyond the first ones; no more, because the last 2 left the optimum",
    );
    assert!(!text(&record).contains("5/4"), "{}", text(&record));
}

#[test]
fn every_end_of_a_search_has_its_words() {
    for (end, words) in [
        (SearchEnd::PeakKnown, "the peak is known to 5.0%"),
        (SearchEnd::BandsSpent, "as many as `bands` allows"),
        (SearchEnd::RangeExhausted, "no number of workers is left"),
        (SearchEnd::TooManyErrors, "2 bands failed, or had more than 5% errors"),
        (SearchEnd::Collapsed, "less than 70% of its throughput"),
    ] {
        says(&adaptive(end), words);
    }
}

#[test]
fn bands_that_ended_early_say_what_their_intervals_are_worth() {
    let mut record = adaptive(SearchEnd::PeakKnown);
    ended(&mut record, 0, EndingCause::PrecisionReached, Some(0.018));
    ended(&mut record, 1, EndingCause::PrecisionReached, Some(0.011));
    says(&record, "bands 1, 2: ended as soon as the throughput was precise enough");
    says(&record, "hold in about 90% of such bands");
    assert!(!text(&record).contains("stop.max"), "{}", text(&record));
}

#[test]
fn a_band_that_took_all_of_its_time_is_named_unless_it_was_precise_all_the_same() {
    let mut record = adaptive(SearchEnd::PeakKnown);
    ended(&mut record, 0, EndingCause::MaximumReached, Some(0.018));
    ended(&mut record, 1, EndingCause::MaximumReached, Some(0.031));
    ended(&mut record, 2, EndingCause::MaximumReached, None);
    says(&record, "bands 2, 3: the throughput was not precise enough within `stop.max`");
}

/// It is compared with the others, although it took a tenth of its time.
#[test]
fn a_band_that_its_rule_ended_counts() {
    let mut record = adaptive(SearchEnd::PeakKnown);
    record.bands[3].plan.measure = Duration::from_secs(600);
    assert!(!text(&record).contains("best 28 workers"), "{}", text(&record));
    ended(&mut record, 3, EndingCause::PrecisionReached, Some(0.018));
    says(&record, "best 28 workers");
}

#[test]
fn a_recommendation_that_was_run_again_says_how_that_went() {
    let mut record = run(&DOCUMENTED);
    record.header.plan.confirm = true;
    let confirmed = |position: usize, index: u32, tps: f64| {
        let mut band = finished(record.header.plan.bands[position].clone(), tps);
        band.plan.index = index;
        band.plan.repeat = 2;
        band.plan.purpose = Purpose::Confirm;
        band
    };
    let (recommended, other) = (confirmed(3, 7, 2534.0), confirmed(4, 8, 2623.0));
    let refuted = confirmed(3, 7, 2300.0);
    let with = |bands: [_; 2]| {
        let mut record = record.clone();
        record.bands.extend(bands);
        record
    };
    let held = with([recommended, other.clone()]);
    says(
        &held,
        "confirm 28 workers on 56 connections: run again beside 40 workers on 80 connections",
    );
    says(&held, "and confirmed by ±95%");
    says(
        &with([refuted, other]),
        "NOT confirmed: this time it would be 40 workers on 80 connections",
    );
    says(&record, "confirm nothing to run again");
}
