//! What a stored run is asked, and what it recommends.

use serde_json::Value;
use stormdb_report::{format, model::Report, question, screen::Style};
use stormdb_run::{
    questions::{QuestionError, Questions},
    record::RunRecord,
};

use crate::record::{DOCUMENTED, report, run};

fn asked(record: &RunRecord, questions: &Questions) -> String {
    let report = Report::of(record).unwrap();
    let answers = questions.answer(record, &report.analysis).unwrap();
    question::text(&report, &answers, Style { colour: false, width: 1000 })
}

fn slo(limit: &str) -> Questions {
    Questions { slo: Some(limit.parse().unwrap()), ..Questions::default() }
}

fn target(tps: &str) -> Questions {
    Questions { target: Some(tps.parse().unwrap()), ..Questions::default() }
}

#[test]
fn the_most_load_under_a_limit_is_measured_and_then_predicted() {
    let record = run(&DOCUMENTED);
    // p95 is 1.45 times workers / TPS: 16.0 ms with 28 workers, 22.1 ms with 40.
    let text = asked(&record, &slo("p95 < 18ms"));
    assert!(
        text.starts_with(
            "slo      p95 < 18ms: kept up to 28 workers, 56 connections (2,534 TPS), 16"
        ),
        "{text}"
    );
    assert!(text.contains("missed with 40 workers, 80 connections (2,623 TPS), 22"), "{text}");
    assert!(
        text.contains("predicted between them: about 31.9 (31.")
            && text.contains("by interpolation"),
        "{text}"
    );
    assert!(asked(&record, &slo("p95 < 1s")).contains("that is the largest load measured"));
    assert!(
        asked(&record, &slo("p95 < 1ms"))
            .contains("no measured load keeps it; the smallest band, 10 workers")
    );
}

#[test]
fn the_least_load_for_a_throughput_is_measured_predicted_or_ruled_out() {
    let record = run(&DOCUMENTED);
    let text = asked(&record, &target("2000tps"));
    assert!(text.contains("2,000 TPS: the least measured load is 20 workers, 40 connections (2,157 TPS), also at the lower end"), "{text}");
    assert!(text.contains("predicted below it: about 18.0 (17."), "{text}");
    let beyond = asked(&record, &target("3000"));
    assert!(beyond.contains("3,000 TPS: no measured band gives it"), "{beyond}");
    // A line of four bands on a law without a peak: it goes on.
    let growing =
        run(&[(1, 1, 100.0), (2, 2, 198.0), (4, 4, 388.0), (8, 8, 746.0), (16, 16, 1384.0)]);
    let text = asked(&growing, &target("2000/s"));
    assert!(
        text.contains("predicted beyond the bands: about 2") && text.contains("measure it"),
        "{text}"
    );
}

#[test]
fn one_more_worker_is_what_its_neighbours_say() {
    let record = run(&DOCUMENTED);
    let questions = Questions { one_more: true, ..Questions::default() };
    let text = asked(&record, &questions);
    // (2534.2 - 2156.7) / 8 and (2623.1 - 2534.2) / 12.
    assert!(text.contains("at 28 workers, 56 connections (2,534 TPS): +47.2 (+"), "{text}");
    assert!(text.contains("+7.4") && text.contains("from there to 40 workers"), "{text}");
}

#[test]
fn a_grid_says_what_each_axis_gives() {
    let record = run(&[
        (4, 4, 400.0),
        (4, 8, 410.0),
        (4, 16, 412.0),
        (8, 4, 420.0),
        (8, 8, 780.0),
        (8, 16, 790.0),
    ]);
    let questions = Questions {
        one_more: true,
        slo: Some("p95 < 1s".parse().unwrap()),
        ..Questions::default()
    };
    let text = asked(&record, &questions);
    // Workers: 20/4, 370/4 and 378/4; connections: 10/4, 2/8, 360/4 and 10/8.
    assert!(
        text.contains("one more worker gives 92.5 TPS in the median of 3 steps (5.00 to 94.5"),
        "{text}"
    );
    assert!(
        text.contains("one more connection gives 1.88 TPS in the median of 4 steps (0.250 to 90.0"),
        "{text}"
    );
    assert!(!text.contains("interpolation"), "{text}");
}

#[test]
fn questions_without_an_answer_say_why() {
    let record = run(&DOCUMENTED);
    let empty = crate::record::so_far(&record, 0);
    let analysis = &report(&empty).analysis;
    let error = target("100").answer(&empty, analysis).unwrap_err();
    assert!(matches!(error, QuestionError::NoBands));
    for limit in ["tps > 5", "p95 > 5ms", "p95 < 5ms in any band"] {
        assert!(limit.parse::<stormdb_run::questions::Slo>().is_err(), "{limit}");
    }
    for target in ["", "0", "-1", "fast", "inf"] {
        assert!(target.parse::<stormdb_run::questions::Target>().is_err(), "{target}");
    }
}

fn recommended(record: &RunRecord) -> Vec<Value> {
    let text = format::named("json").unwrap().render(&report(record)).unwrap();
    let json: Value = serde_json::from_str(&text).unwrap();
    json["recommendations"].as_array().unwrap().clone()
}

fn of_type<'a>(found: &'a [Value], kind: &str) -> Option<&'a Value> {
    found.iter().find(|one| one["type"] == kind)
}

#[test]
fn a_recommendation_has_its_evidence_and_the_next_command() {
    let found = recommended(&run(&DOCUMENTED));
    for one in &found {
        for key in ["type", "priority", "category", "suggestion", "evidence", "command"] {
            assert!(one[key].as_str().is_some_and(|text| !text.is_empty()), "{key} of {one}");
        }
        assert!(one["command"].as_str().unwrap().starts_with("stormdb "), "{one}");
    }
    // 28 workers of up to 60: less p95 for nearly the same throughput.
    let cap = of_type(&found, "worker_limit").unwrap();
    assert!(cap["suggestion"].as_str().unwrap().contains("no more than 40 workers"), "{cap}");
    let workers = of_type(&found, "worker_count").unwrap();
    assert_eq!(
        workers["suggestion"],
        "use 28 workers, 56 connections in place of 60 workers, 120 connections"
    );
    assert_eq!(workers["gain"]["quantity"], "p95");
    assert!(workers["gain"]["change"]["value"].as_f64().unwrap() < -0.4, "{workers}");
    // Twice as many connections as workers are never used.
    let connections = of_type(&found, "connection_count").unwrap();
    assert_eq!(connections["suggestion"], "open 28 connections and no more");
    assert_eq!(connections["expected_gain"], "connections -50%");
    let range = of_type(&found, "production_range").unwrap();
    assert!(
        range["suggestion"]
            .as_str()
            .unwrap()
            .starts_with("in production stay at 28 to 40 workers and plan for 2,0"),
        "{range}"
    );
    // Nothing says that the peak was not reached, and the bands have intervals.
    assert!(
        of_type(&found, "measure_beyond").is_none() && of_type(&found, "measure_longer").is_none()
    );
}

#[test]
fn nothing_is_recommended_unconditionally() {
    let one_band = recommended(&run(&[(8, 8, 1000.0)]));
    assert_eq!(one_band, Vec::<Value>::new());
    let growing = recommended(&run(&[(1, 1, 100.0), (2, 2, 199.0), (4, 4, 396.0)]));
    let kinds: Vec<&str> = growing.iter().map(|one| one["type"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"measure_beyond"), "{kinds:?}");
    assert!(!kinds.contains(&"worker_limit") && !kinds.contains(&"worker_count"), "{kinds:?}");
    assert!(!kinds.contains(&"connection_count") && !kinds.contains(&"pool_size"), "{kinds:?}");
}

#[test]
fn workers_who_wait_for_busy_connections_need_more_of_them() {
    // 32 workers on 8 connections wait for three quarters of their response time.
    let found = recommended(&run(&[(8, 8, 800.0), (32, 8, 810.0), (64, 8, 805.0)]));
    let pool = of_type(&found, "pool_size");
    // The recommended band, 8 on 8, waits for nothing: no larger pool for it.
    assert!(pool.is_none(), "{pool:?}");
    let found = recommended(&run(&[(16, 4, 400.0)]));
    let pool = of_type(&found, "pool_size").unwrap();
    assert_eq!(pool["suggestion"], "try a pool of 8 connections");
    assert!(pool["expected_gain"].as_str().unwrap().ends_with("at most, predicted"), "{pool}");
}
