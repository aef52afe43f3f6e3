//! What reports say of curves, queues and cost, and what they say when there is nothing to say.

use serde_json::{Value, json};
use stormdb_report::{format::named, screen::Style, terminal};
use stormdb_run::record::RunRecord;

use crate::record::{DOCUMENTED, report, run};

fn analysis(record: &RunRecord) -> Value {
    let text = named("json").unwrap().render(&report(record)).unwrap();
    serde_json::from_str::<Value>(&text).unwrap()["analysis"].take()
}

fn labels(record: &RunRecord) -> Vec<String> {
    let analysis = analysis(record);
    let regions = analysis["scaling_regions"].as_object().unwrap();
    let mut named: Vec<(u64, String)> = Vec::new();
    for (name, bands) in regions {
        let bands = bands["bands"].as_array().unwrap().iter();
        named.extend(bands.map(|band| (band.as_u64().unwrap(), name.clone())));
    }
    named.sort();
    named.into_iter().map(|(_, name)| name).collect()
}

/// A single queue of 1 ms behind a delay of 4 ms, as mean value analysis has it.
fn queued() -> RunRecord {
    let mut queue = 0.0;
    let mut bands = Vec::new();
    for workers in 1..=64_u32 {
        let response = 0.001 * (1.0 + queue);
        let tps = f64::from(workers) / (0.004 + response);
        queue = tps * response;
        if workers.is_power_of_two() {
            bands.push((workers, workers, tps));
        }
    }
    run(&bands)
}

#[test]
fn documented_ladders_are_judged_as_the_documents_say() {
    let six = labels(&run(&DOCUMENTED));
    let expected = [
        "baseline",
        "linear_scaling",
        "linear_scaling",
        "diminishing_returns",
        "saturation",
        "degradation",
    ];
    assert_eq!(six, expected);
    let best = &analysis(&run(&DOCUMENTED))["optimal_configuration"]["workers"];
    assert_eq!(best, 28);
    let collapse = run(&[(10, 10, 1000.0), (20, 20, 600.0), (40, 40, 300.0), (80, 80, 100.0)]);
    assert_eq!(labels(&collapse), ["baseline", "degradation", "degradation", "degradation"]);
    let line: Vec<(u32, u32, f64)> =
        (1..=5).map(|band| (band, band, 100.0 * f64::from(band))).collect();
    let labels = labels(&run(&line));
    assert!(labels[1..].iter().all(|label| label == "linear_scaling"), "{labels:?}");
}

#[test]
fn a_band_in_which_nothing_ended_breaks_no_face() {
    let record = run(&[(1, 1, 100.0), (2, 2, 0.0), (4, 4, 390.0), (8, 8, 700.0), (16, 16, 900.0)]);
    for format in ["json", "csv"] {
        let text = named(format).unwrap().render(&report(&record)).unwrap();
        assert!(!text.contains("NaN") && !text.contains("inf,"), "{text}");
    }
    assert!(!terminal::whole(&report(&record), Style::default()).contains("NaN"));
    assert_eq!(analysis(&record)["mathematical_models"]["bands"], json!([1, 3, 4, 5]));
}

#[test]
fn a_system_of_one_queue_is_recognised() {
    let queueing = analysis(&queued())["queueing"].take();
    assert_eq!(queueing["service_time_source"], "low_load");
    let near = |value: &Value, expected: f64, tolerance: f64| {
        let found = value.as_f64().unwrap();
        assert!((found - expected).abs() <= tolerance, "{found} is not {expected}: {queueing}");
    };
    near(&queueing["service_time_ms"], 5.0, 0.01);
    near(&queueing["bottleneck"]["throughput_max_tps"], 1000.0, 10.0);
    near(&queueing["bottleneck"]["knee_workers"], 5.0, 0.1);
    for band in queueing["bands"].as_array().unwrap() {
        near(&band["tps_residual"], 0.0, 0.02);
    }
}

#[test]
fn with_a_cost_the_report_says_what_a_band_gives_for_it() {
    let mut record = run(&DOCUMENTED);
    record.header.configuration = json!({"cost": {"per_hour": 2.0, "per_connection": 0.01}});
    let cost = analysis(&record)["cost_benefit"].take();
    // 60 workers on 120 connections cost more than 40 on 80, and give less.
    assert_eq!(cost["dominated_bands"], json!([6]));
    assert_eq!(cost["best_band"], 4);
    let text = terminal::whole(&report(&record), Style::default());
    assert!(text.contains("cost     28 workers, 56 connections give the most"), "{text}");
}

#[test]
fn analysis_that_was_switched_off_says_so() {
    let mut record = run(&DOCUMENTED);
    record.header.configuration = json!({"analysis": false});
    let found = analysis(&record);
    for section in ["mathematical_models", "queueing"] {
        assert_eq!(found[section], Value::Null);
        assert_eq!(found["reasons"][section], "switched-off");
    }
    assert_eq!(found["optimal_configuration"]["workers"], 28);
    assert!(found["region_probabilities"].is_object());
}

#[test]
fn a_band_that_slows_down_all_along_is_named() {
    let mut record = run(&[(4, 4, 1000.0)]);
    for interval in &mut record.bands[0].intervals {
        let lost = interval.start_ms / 1000;
        interval.counts.operations -= lost.min(600) * 2;
    }
    let report = report(&record);
    let ids: Vec<&str> = report.notes.iter().map(|note| note.id.as_str()).collect();
    assert!(ids.contains(&"drift") || ids.contains(&"not-steady"), "{ids:?}");
}
