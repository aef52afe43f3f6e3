//! What limits a run, from the evidence in its record to every face.

use expect_test::{Expect, expect};
use serde_json::Value;
use stormdb_report::{format::named, screen::Style, terminal};
use stormdb_run::{
    event::RunEvent,
    evidence::{BandEvidence, LockWaits, Placement, SampledSecond, SamplerUse},
    record::{BandStatus, RunRecord},
};

use crate::record::{report, run};

/// A ladder that stops growing at 4 workers.
const FLAT: [(u32, u32, f64); 4] = [(1, 1, 100.0), (4, 4, 108.0), (16, 16, 110.0), (64, 64, 110.0)];

/// A minute of ten looks a second, in which these mean numbers of backends were seen.
fn seen(backends: &[(&str, u32)]) -> BandEvidence {
    let second = |second: u64| SampledSecond {
        start_ms: 1000 * second,
        samples: 10,
        backends: backends.iter().map(|(name, mean)| ((*name).to_owned(), 10 * mean)).collect(),
        checkpoint_samples: None,
    };
    BandEvidence {
        seconds: (0..60).map(second).collect(),
        sampler: Some(SamplerUse { looks: 600, achieved_hz: Some(10.0), ..SamplerUse::default() }),
        counted_seconds: Some(60.0),
        ..BandEvidence::default()
    }
}

/// The flat ladder, with all but one of the workers seen in `wait`.
fn waiting(wait: &str) -> RunRecord {
    let mut record = run(&FLAT);
    for (band, (workers, ..)) in (1..).zip(FLAT) {
        let evidence = seen(&[("active/-", 1), (wait, workers - 1)]);
        record.apply(RunEvent::Evidence { band, evidence: Box::new(evidence) });
    }
    record
}

fn evidence(record: &mut RunRecord, band: usize) -> &mut BandEvidence {
    record.bands[band].evidence.as_mut().unwrap()
}

/// The line of the text report up to the confidence, which changes with the calibration.
fn check(record: &RunRecord, expected: &Expect) {
    let text = terminal::whole(&report(record), Style::default());
    let line = text.lines().skip_while(|line| !line.starts_with("limit"));
    let mut found: Vec<&str> = Vec::new();
    for line in line {
        if !found.is_empty() && !line.starts_with(' ') {
            break;
        }
        found.push(line.trim());
    }
    let found = found.join(" ");
    let (claim, how_sure) = found.split_once(", confidence ").unwrap_or((&found, ""));
    let rest = how_sure.split_once("), ").map_or(String::new(), |(_, rest)| format!(" …, {rest}"));
    expected.assert_eq(&format!("{claim}{rest}\n"));
}

fn json(record: &RunRecord) -> Value {
    let text = (named("json").unwrap().render)(&report(record)).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_run_without_evidence_says_that_the_cause_is_not_determined() {
    check(
        &run(&FLAT),
        &expect![[r#"
        limit    throughput stops growing between 1 and 4 workers; the cause is not determined
    "#]],
    );
}

#[test]
fn the_limit_stands_in_the_verdict_with_its_share_and_how_sure_it_is() {
    check(
        &waiting("active/Lock:transactionid"),
        &expect![[r#"
            limit    throughput stops growing between 1 and 4 workers; locks (Lock:transactionid): all of the added response time
        "#]],
    );
}

#[test]
fn counters_that_contradict_the_samples_are_named() {
    let mut record = waiting("active/Lock:transactionid");
    for band in 0..4 {
        evidence(&mut record, band).lock_waits = Some(LockWaits::default());
    }
    check(
        &record,
        &expect![[r#"
            limit    throughput stops growing between 1 and 4 workers; the cause is not determined: locks (Lock:transactionid): all of the added response time …, which `locks-waited-for` contradicts
        "#]],
    );
}

#[test]
fn json_holds_what_the_verdict_was_concluded_from() {
    let json = json(&waiting("active/Lock:transactionid"));
    let found = &json["analysis"]["bottleneck_analysis"];
    assert_eq!(found["primary_bottleneck"], "queue_bound");
    assert_eq!((&found["limit"], &found["band_number"]), (&"lock".into(), &2.into()));
    assert_eq!(found["saturation_threshold"], 4);
    assert_eq!(found["secondary_factors"], Value::Array(Vec::new()));
    assert!(found["confidence"].as_f64().unwrap() > 0.6);
    let band = &json["bands"][1];
    assert_eq!(band["analysis"]["bottleneck_type"], "queue_bound");
    assert_eq!(band["bottleneck"]["limit"], "lock");
    assert_eq!(band["bottleneck"]["shares"][0]["component"], "lock");
    assert_eq!(band["bottleneck"]["waits"][0]["wait"], "active/Lock:transactionid");
    assert_eq!(json["bands"][0]["bottleneck"]["limit"], "none");
    // More workers than the optimum has.
    assert_eq!(json["bands"][3]["analysis"]["bottleneck_type"], "over_provisioned");
    assert_eq!(json["bands"][3]["bottleneck"]["limit"], "lock");
}

#[test]
fn a_generator_that_is_late_is_the_limit_where_the_server_cannot_keep_it_from_its_processors() {
    let late = |placement: Option<Placement>| {
        let mut record = waiting("active/Lock:transactionid");
        for band in 0..4 {
            for second in &mut evidence(&mut record, band).seconds {
                // The others are with the client.
                second.backends.values_mut().for_each(|number| *number = *number * 7 / 10);
            }
            evidence(&mut record, band).placement = placement.clone();
            let BandStatus::Finished { measurement } = &mut record.bands[band].status else {
                panic!("no measurement")
            };
            for load in &mut measurement.executor_loads {
                (0..2000).for_each(|_| load.lag.record(200_000_000));
            }
        }
        json(&record)["bands"][2]["bottleneck"]["limit"].clone()
    };
    let on = |load: &[u32], server: &[u32]| {
        Some(Placement { load_processors: load.to_vec(), server_processors: server.to_vec() })
    };
    assert_eq!(late(on(&[1], &[0])), "client");
    assert_eq!(late(on(&[0, 1], &[0])), "lock");
    assert_eq!(late(None), "lock");
}
