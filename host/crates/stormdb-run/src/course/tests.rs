//! Runs of synthetic bands, step by step.

use serde_json::json;

use super::{Step, next_step};
use crate::{
    config::{Source, load, overrides::Overrides},
    confirmation::{Verdict, confirmation},
    event::{Failure, RunEvent},
    latency::LatencyHistogram,
    measurement::{BandMeasurement, Counts, Interval, Phase},
    plan::{BandPlan, Purpose, SearchEnd, plan},
    record::{FORMAT_VERSION, RunRecord},
};

const ADAPTIVE: &str = "strategy: adaptive, min_workers: 1, max_workers: 64, min_connections: 2, max_connections: 128, \
                        test_duration: 60s";

/// Scales to 8 workers, and is flat from there.
fn saturating(band: &BandPlan) -> u64 {
    1000 * u64::from(band.workers.min(8))
}

/// A record without bands, of a run with these keys.
fn record(repeats: u32, progressive: &str) -> RunRecord {
    let yaml = format!("workload: simple\nrepeats: {repeats}\nprogressive: {{{progressive}}}\n");
    let source = Source::parse("run.yaml", &yaml).unwrap();
    let config = load(Some(source), &|_| None, &Overrides::default()).unwrap().config;
    let header = json!({
        "format_version": FORMAT_VERSION, "id": "20250101-000000",
        "started_at": "2025-01-01T00:00:00+00:00[UTC]", "stormdb_version": "0.1.0",
        "workload": "simple", "scale": 1, "scale_unit": "rows", "seed": 1,
        "configuration": {}, "plan": plan(&config, None).unwrap(), "server": null, "server_title": "",
        "plugins": [], "machine": {"cores": 1, "memory_bytes": null, "kernel": ""},
    });
    RunRecord::new(serde_json::from_value(header).unwrap())
}

/// Runs whatever comes next until nothing does. A band without a throughput fails.
fn run(record: &mut RunRecord, law: impl Fn(&BandPlan) -> Option<u64>) {
    for _ in 0..100 {
        match next_step(record).unwrap() {
            Step::Over => return,
            Step::SearchEnded(end) => record.apply(RunEvent::SearchEnded { end }),
            Step::Band(band) => measure(record, *band, &law),
        }
    }
    panic!("a hundred steps, and no end");
}

fn measure(record: &mut RunRecord, plan: BandPlan, law: impl Fn(&BandPlan) -> Option<u64>) {
    let band = plan.index;
    let tps = law(&plan);
    record.apply(RunEvent::BandStarted { band: plan, attempt: 1 });
    let Some(tps) = tps else {
        let failure = Failure { id: "plugin-panicked".to_owned(), message: String::new() };
        return record.apply(RunEvent::BandFailed { band, failure });
    };
    for second in 0..60 {
        // Half a percent up and down.
        let operations = tps + tps * (second * 7 % 11) / 1000;
        let interval = Interval {
            phase: Phase::Measure,
            start_ms: second * 1000,
            length_ms: 1000,
            counts: Counts { operations, ..Counts::default() },
            response: LatencyHistogram::default(),
        };
        record.apply(RunEvent::Interval { band, interval });
    }
    let measurement = Box::new(BandMeasurement {
        seconds: 60.0,
        counts: Counts { operations: tps * 60, ..Counts::default() },
        response: LatencyHistogram::default(),
        service: LatencyHistogram::default(),
        pool_wait: None,
        errors: Vec::new(),
        operations: Vec::new(),
        connection_utilisation: 1.0,
        executors: 1,
        client_cpu_seconds: None,
        peak_rss_bytes: None,
        cancelled_at_drain: 0,
        executor_loads: Vec::new(),
        arrivals: None,
    });
    record.apply(RunEvent::BandFinished { band, measurement });
}

fn of(record: &RunRecord, purpose: Purpose) -> Vec<&BandPlan> {
    let plans = record.bands.iter().map(|band| &band.plan);
    plans.filter(|plan| plan.purpose == purpose).collect()
}

#[test]
fn a_repeated_ladder_goes_up_and_down_and_is_over() {
    let bands =
        "strategy: exponential, bands: 3, min_workers: 1, max_workers: 4, max_connections: 4";
    let mut record = record(3, bands);
    assert_eq!(record.header.plan.bands_known(), Some(9));
    run(&mut record, |band| Some(saturating(band)));
    let workers: Vec<u32> = record.bands.iter().map(|band| band.plan.workers).collect();
    assert_eq!(workers, [1, 2, 4, 4, 2, 1, 1, 2, 4]);
    let repeats: Vec<u32> = record.bands.iter().map(|band| band.plan.repeat).collect();
    assert_eq!(repeats, [1, 1, 1, 2, 2, 2, 3, 3, 3]);
}

#[test]
fn an_adaptive_ladder_places_repeats_and_confirms_within_its_plan() {
    let mut record = record(2, &format!("{ADAPTIVE}, confirm: true"));
    let plan = record.header.plan.clone();
    assert_eq!((plan.bands.len(), plan.bands_known(), plan.bands_max()), (4, None, 18));
    run(&mut record, |band| Some(saturating(band)));
    assert_eq!(record.search_end, Some(SearchEnd::OptimumSettled));
    assert!(record.bands.len() <= plan.bands_max(), "{}", record.bands.len());
    let indexes: Vec<usize> = record.bands.iter().map(|band| band.plan.index as usize).collect();
    assert_eq!(indexes, (1..=record.bands.len()).collect::<Vec<_>>());
    assert!(record.bands.iter().all(|band| band.plan.connections == 2 * band.plan.workers));

    let placed: Vec<_> = record.bands.iter().filter(|band| band.plan.reason.is_some()).collect();
    assert!(!placed.is_empty());
    // Every size is there twice before anything is confirmed.
    for band in record.bands.iter().filter(|band| band.plan.repeat == 1) {
        let same = record.bands.iter().filter(|other| {
            other.plan.purpose != Purpose::Confirm && other.plan.is_same_size(&band.plan)
        });
        assert_eq!(same.count(), 2, "{:?}", band.plan);
    }
    let confirming = of(&record, Purpose::Confirm);
    let [recommended, other] = confirming.as_slice() else { panic!("{confirming:?}") };
    assert_eq!((recommended.workers >= 8, recommended.repeat), (true, 3));
    assert!(!recommended.is_same_size(other));
}

/// The next step is a function of the record: one that ends earlier has the same next step as the whole one had there.
#[test]
fn what_comes_next_depends_on_nothing_but_the_record() {
    let mut whole = record(1, ADAPTIVE);
    run(&mut whole, |band| Some(saturating(band)));
    let mut again = record(1, ADAPTIVE);
    for band in &whole.bands {
        let Step::Band(next) = next_step(&again).unwrap() else { panic!("{:?}", band.plan) };
        assert_eq!(*next, band.plan);
        again.bands.push(band.clone());
    }
    let end = whole.search_end.unwrap();
    assert_eq!(next_step(&again).unwrap(), Step::SearchEnded(end));
}

#[test]
fn a_search_that_does_harm_ends_the_run() {
    let mut record = record(2, &format!("{ADAPTIVE}, confirm: true"));
    run(&mut record, |band| Some(saturating(band)).filter(|_| band.workers < 10));
    assert_eq!(record.search_end, Some(SearchEnd::TooManyErrors));
    assert_eq!(record.bands.len(), 4);
}

#[test]
fn a_recommendation_is_confirmed_by_what_was_measured_for_it_alone() {
    let ladder = "strategy: exponential, bands: 4, min_workers: 1, max_workers: 8, max_connections: 8, \
                  test_duration: 60s, confirm: true";
    let verdict = |again: fn(&BandPlan) -> Option<u64>| {
        let mut record = record(1, ladder);
        run(&mut record, |band| match band.purpose {
            Purpose::Confirm => again(band),
            Purpose::Planned | Purpose::Refine => Some(1000 * u64::from(band.workers.min(4))),
        });
        let confirming = of(&record, Purpose::Confirm);
        assert_eq!(confirming.iter().map(|band| band.workers).collect::<Vec<_>>(), [4, 8]);
        confirmation(&record).unwrap().unwrap().verdict
    };
    assert_eq!(verdict(|_| Some(4000)), Verdict::Confirmed);
    assert_eq!(verdict(|band| Some(1000 * u64::from(band.workers))), Verdict::Refuted);
    assert_eq!(verdict(|band| Some(4000).filter(|_| band.workers == 4)), Verdict::Unmeasured);
}

#[test]
fn nothing_is_confirmed_before_two_bands_have_run() {
    let mut record =
        record(1, "strategy: linear, bands: 3, max_workers: 3, max_connections: 3, confirm: true");
    run(&mut record, |_| None);
    assert_eq!(confirmation(&record).unwrap(), None);
    assert!(of(&record, Purpose::Confirm).is_empty());
}
