//! What was seen of the server, in JSON, in text and as an event.

use std::collections::BTreeMap;

use expect_test::expect;
use serde_json::Value;
use stormdb_report::{event_line::event_line, format::named};
use stormdb_run::{
    event::RunEvent,
    evidence::{BandEvidence, SampledSecond, SamplerUse, WalDelta},
    record::RunRecord,
};

use crate::record::{DOCUMENTED, report, run};

fn second(start_ms: u64, samples: u32, backends: &[(&str, u32)]) -> SampledSecond {
    let backends = backends.iter().map(|(state, sum)| ((*state).to_owned(), *sum)).collect();
    SampledSecond { start_ms, samples, backends, checkpoint_samples: Some(0) }
}

fn evidence() -> BandEvidence {
    BandEvidence {
        seconds: vec![
            second(0, 10, &[("active/-", 25), ("active/Lock:tuple", 5)]),
            second(1000, 10, &[("active/-", 15)]),
        ],
        sampler: Some(SamplerUse {
            looks: 20,
            achieved_hz: Some(10.0),
            mean_seconds: Some(0.001),
            max_seconds: Some(0.004),
            server_mean_seconds: Some(0.0002),
            backend_cpu_seconds: Some(0.006),
            ..SamplerUse::default()
        }),
        wal: Some(WalDelta { records: 7, ..WalDelta::default() }),
        absent: BTreeMap::from([
            ("io".to_owned(), "this server has no pg_stat_io".to_owned()),
            ("wal.write_seconds".to_owned(), "track_wal_io_timing is off".to_owned()),
        ]),
        ..BandEvidence::default()
    }
}

fn watched() -> RunRecord {
    let mut record = run(&DOCUMENTED[..2]);
    record.apply(RunEvent::Evidence { band: 1, evidence: Box::new(evidence()) });
    record
}

#[test]
fn json_holds_what_was_seen_and_null_where_nobody_looked() {
    let text = (named("json").unwrap().render)(&report(&watched())).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let seen = &document["bands"][0]["evidence"];
    assert_eq!(seen["mean_backends"]["active/-"], 2.0);
    assert_eq!(seen["mean_backends"]["active/Lock:tuple"], 0.25);
    assert_eq!(seen["seconds"][1]["backends"]["active/-"], 15);
    assert_eq!(seen["wal"]["records"], 7);
    assert!(seen["io"].is_null() && seen["wal"]["writes"].is_null());
    assert_eq!(seen["absent"]["io"], "this server has no pg_stat_io");
    assert!(document["bands"][1]["evidence"].is_null());
}

#[test]
fn text_says_what_looking_took_and_what_was_not_seen() {
    let text = (named("text").unwrap().render)(&report(&watched())).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let from = lines.iter().position(|line| line.starts_with("sampler")).unwrap();
    let to = lines.iter().position(|line| line.starts_with("plugin")).unwrap();
    expect![[r#"
        sampler  looked at the server 20 times, 10.0 a second; a look took 1.00 ms, 0.20 ms of it in the
                 server; its backend used 0.3% of a core
        unseen   io: this server has no pg_stat_io
    "#]]
    .assert_eq(&lines[from..to].join("\n"));
    let unwatched = (named("text").unwrap().render)(&report(&run(&DOCUMENTED[..2]))).unwrap();
    assert!(!unwatched.contains("sampler"), "{unwatched}");
}

#[test]
fn an_event_says_how_much_was_seen() {
    let event = RunEvent::Evidence { band: 3, evidence: Box::new(evidence()) };
    expect![[
        r#"{"event":"evidence","band":3,"seconds":2,"looks":20,"absent":["io","wal.write_seconds"]}"#
    ]]
    .assert_eq(&event_line(&event).unwrap());
}
