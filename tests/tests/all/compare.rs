//! `stormdb compare` and thresholds: the exit codes 8 and 9, and what is refused.

use std::{fs, time::Duration};

use serde_json::json;
use stormdb_process::{journal::Journal, runs::Runs};
use stormdb_run::{
    event::RunEvent,
    latency::LatencyHistogram,
    measurement::{BandMeasurement, Counts},
    plan::BandPlan,
    record::{FORMAT_VERSION, Outcome},
};
use stormdb_tests::{
    lab::{Ended, Lab, run},
    server::Server,
};

/// Stores a run of one band of 16 workers at this throughput; its id.
fn stored(lab: &Lab, tps: f64, scale: u64) -> String {
    stored_with(lab, tps, scale, 16)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "whole nanoseconds and operations, far from the ends"
)]
fn stored_with(lab: &Lab, tps: f64, scale: u64, workers: u32) -> String {
    let started = "2025-01-01T00:00:00Z".parse().unwrap();
    let folder = Runs::new(lab.runs()).create(started).unwrap();
    let plan: BandPlan = serde_json::from_value(json!({
        "index": 1, "workers": workers, "connections": 16, "warmup_seconds": 0.0,
        "measure_seconds": 10.0, "cooldown_seconds": 0.0,
    }))
    .unwrap();
    let header = serde_json::from_value(json!({
        "format_version": FORMAT_VERSION, "id": folder.id.to_string(),
        "started_at": "2025-01-01T00:00:00+00:00[UTC]", "stormdb_version": "0.1.0",
        "workload": "simple", "scale": scale, "scale_unit": "rows", "seed": 1,
        "configuration": {}, "server": null, "server_title": "PostgreSQL 18.4", "plugins": [],
        "machine": {"cores": 2, "memory_bytes": null, "kernel": ""},
        "plan": {
            "strategy": null, "bands": [plan], "total_seconds": 10.0, "connections_max": 16,
            "bands_beyond_server": [], "warnings": [],
        },
    }))
    .unwrap();
    let mut response = LatencyHistogram::default();
    // Each of 16 workers answers in 16 / TPS.
    if tps > 0.0 {
        let nanoseconds = Duration::from_secs_f64(16.0 / tps).as_nanos() as u64;
        (0..10_000).for_each(|_| response.record(nanoseconds));
    }
    let measurement = Box::new(BandMeasurement {
        seconds: 10.0,
        counts: Counts { operations: (10.0 * tps) as u64, ..Counts::default() },
        service: response.clone(),
        response,
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
    let mut journal = Journal::create(&folder.journal()).unwrap();
    for event in [
        RunEvent::RunStarted { header },
        RunEvent::BandStarted { band: plan, attempt: 1 },
        RunEvent::BandFinished { band: 1, measurement },
        RunEvent::RunFinished { outcome: Outcome::Complete { exit_code: 0 } },
    ] {
        journal.append(&event).unwrap();
    }
    folder.id.to_string()
}

fn runs(lab: &Lab, throughputs: &[f64]) -> Vec<String> {
    throughputs.iter().map(|tps| stored(lab, *tps, 1000)).collect()
}

fn compare(lab: &Lab, base: &[String], new: &[String], flags: &[&str]) -> Ended {
    let (base, new) = (base.join(","), new.join(","));
    run(lab.stormdb(&["compare", &base, &new]).args(flags))
}

const BASE: [f64; 5] = [1000.0, 1010.0, 990.0, 1005.0, 995.0];
const SLOW: [f64; 5] = [900.0, 909.0, 891.0, 904.0, 896.0];

#[test]
fn a_regression_ends_with_9_and_equal_runs_with_0() {
    let lab = Lab::new();
    let (base, slow) = (runs(&lab, &BASE), runs(&lab, &SLOW));
    let worse = compare(&lab, &base, &slow, &[]);
    assert_eq!(worse.code, Some(9), "{}\n{}", worse.stdout, worse.stderr);
    assert!(worse.stdout.contains("REGRESSION"), "{}", worse.stdout);
    let better = compare(&lab, &slow, &base, &[]);
    assert_eq!(better.code, Some(0), "{}\n{}", better.stdout, better.stderr);
    let same = compare(&lab, &base, &runs(&lab, &BASE), &["--json"]);
    assert_eq!((same.code, &same.json()["regression"]), (Some(0), &false.into()));
    // A tenth is no regression for who tolerates a fifth.
    assert_eq!(compare(&lab, &base, &slow, &["--min-effect", "20%"]).code, Some(0));
    // Annotations go to stderr, so that the JSON stays whole.
    let annotated = compare(&lab, &base, &slow, &["--json", "--annotations", "github"]);
    assert_eq!((annotated.code, &annotated.json()["regression"]), (Some(9), &true.into()));
    assert!(
        annotated.stderr.contains("::error title=stormdb regression::TPS"),
        "{}",
        annotated.stderr
    );
    let one = compare(&lab, &base[..1], &slow[..1], &[]);
    assert_eq!(one.code, Some(0), "{}", one.stdout);
    assert!(
        one.stdout.contains("no test is possible") && one.stdout.contains("repeats: 5"),
        "{}",
        one.stdout
    );
}

#[test]
fn runs_are_given_by_id_by_journal_or_as_exported_json() {
    let lab = Lab::new();
    let (base, slow) = (runs(&lab, &BASE), runs(&lab, &SLOW));
    let by_id = compare(&lab, &base, &slow, &["--json"]).json();
    let journals: Vec<String> =
        base.iter().map(|id| lab.runs().join(id).join("journal").display().to_string()).collect();
    assert_eq!(compare(&lab, &journals, &slow, &["--json"]).json(), by_id);
    let files: Vec<String> = slow
        .iter()
        .map(|id| {
            let file = format!("{id}.json");
            let ended = run(&mut lab.stormdb(&["report", id, "-f", "json", "--out", &file]));
            assert_eq!(ended.code, Some(0), "{}", ended.stderr);
            file
        })
        .collect();
    let from_files = compare(&lab, &base, &files, &["--json"]);
    assert_eq!(from_files.code, Some(9));
    for (file, id) in from_files.json()["compared"]
        .as_array()
        .unwrap()
        .iter()
        .zip(by_id["compared"].as_array().unwrap())
    {
        assert_eq!((&file["metric"], &file["verdict"]), (&id["metric"], &id["verdict"]));
    }
}

#[test]
fn what_cannot_be_compared_is_refused_or_said() {
    let lab = Lab::new();
    let base = runs(&lab, &BASE);
    compare(&lab, &["20200101-000000".to_owned()], &base, &[]).refused(2, "run-missing");
    compare(&lab, &[base[0].clone(), base[0].clone()], &base[1..2], &[])
        .refused(2, "compare-run-twice");
    fs::write(lab.path().join("other.json"), "{\"a\": 1}").unwrap();
    compare(&lab, &["other.json".to_owned()], &base, &[]).refused(2, "compare-file-unreadable");
    compare(&lab, &base[..1], &base[1..], &["--format", "csv"]).refused(2, "format-unknown");
    compare(&lab, &base[..1], &base[1..], &["--alpha", "2"]).refused(2, "compare-impossible");
    let other = stored_with(&lab, 1000.0, 1000, 8);
    compare(&lab, &base, &[other], &[]).refused(2, "compare-no-common-band");
    let larger = stored(&lab, 1000.0, 2000);
    let ended = compare(&lab, &base, &[larger], &[]);
    assert!(
        ended.stdout.contains("the scale differs: 1000 in the baseline, 2000"),
        "{}",
        ended.stdout
    );
}

#[test]
fn a_missed_threshold_ends_a_report_with_8_when_it_was_asked_for() {
    let lab = Lab::new();
    let id = stored(&lab, 1000.0, 1000);
    let report =
        |threshold: &str| run(&mut lab.stormdb(&["report", &id, "--threshold", threshold]));
    assert_eq!(report("tps > 900").code, Some(0));
    let missed = report("tps > 1100 at 16 workers");
    assert_eq!(missed.code, Some(8), "{}", missed.stdout);
    assert!(
        missed.stdout.contains("missed   tps > 1100 at 16 workers: 1000 with 16 workers"),
        "{}",
        missed.stdout
    );
    let asked = |flags: &[&str]| run(lab.stormdb(&["report", &id]).args(flags));
    let answered =
        asked(&["--slo", "p95 < 80ms", "--target", "900tps", "--one-more", "-f", "json"]);
    assert_eq!(answered.json()["target"]["least_load"]["workers"], 16, "{}", answered.stdout);
    // A throughput that no load gives cannot be recommended, so that there is nothing to ask one more of.
    let idle = stored(&lab, 0.0, 1000);
    run(&mut lab.stormdb(&["report", &idle, "--one-more"])).refused(2, "question-unanswerable");
    let wrong = report("tps > fast");
    assert_eq!(wrong.code, Some(2), "{}", wrong.stderr);
}

#[test]
fn a_missed_threshold_ends_a_run_with_8_after_everything_is_written() {
    let lab = Lab::new();
    let server = Server::start(&lab, 20);
    let ran = |thresholds: &str| {
        let mut command = lab.stormdb_with_plugins(&["run", "--setup", "--workload", "simple"]);
        command.args(["--workers", "2", "--duration", "1s", "--export-path", "results"]);
        command.args(["--set", &format!("thresholds={thresholds}"), "--junit", "result.xml"]);
        run(command.args(server.flags()))
    };
    let kept = ran("[\"max < 30s\", \"errors < 1%\"]");
    assert_eq!(kept.code, Some(0), "{}\n{}", kept.stdout, kept.stderr);
    let missed = ran("[\"max < 30s\", \"tps > 99999999\"]");
    assert_eq!(missed.code, Some(8), "{}\n{}", missed.stdout, missed.stderr);
    assert!(missed.stdout.contains("\nmissed   tps > 99999999"), "{}", missed.stdout);
    let listed = run(&mut lab.stormdb(&["runs", "list", "--json"])).json();
    assert_eq!(listed[0]["outcome"], json!({"outcome": "complete", "exit_code": 8}));
    let junit = fs::read_to_string(lab.path().join("result.xml")).unwrap();
    assert!(junit.contains("name=\"tps &gt; 99999999\"") && junit.contains("<failure"), "{junit}");
    // To look at it again is no failure, whatever its configuration asked.
    assert_eq!(run(&mut lab.stormdb(&["report", "latest"])).code, Some(0));
}
