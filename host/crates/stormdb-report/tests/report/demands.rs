//! Thresholds and comparisons in every face.

use quick_junit::{NonSuccessKind, Report as Junit, TestCaseStatus};
use serde_json::Value;
use stormdb_analysis::comparison::Demand;
use stormdb_report::{
    annotation, comparison as face, exported, format, model::Report, screen::Style,
};
use stormdb_run::{
    comparison::{RunComparison, compare, sample::RunSample},
    record::RunRecord,
    threshold::{Absent, Threshold},
};

use crate::record::{DOCUMENTED, failed, run};

fn thresholds(texts: &[&str]) -> Vec<Threshold> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

fn held<'a>(record: &'a RunRecord, texts: &[&str]) -> Report<'a> {
    Report::under(record, &thresholds(texts)).unwrap()
}

fn passed(record: &RunRecord, text: &str) -> bool {
    held(record, &[text]).keeps_thresholds()
}

/// Of the documented ladder: 28 workers are recommended, with 2534 TPS; p95 is 1.45 times the mean response time.
#[test]
fn a_threshold_is_for_the_recommended_band_unless_it_says_another() {
    let record = run(&DOCUMENTED);
    for (text, kept) in [
        ("tps > 2400", true),
        ("tps > 2600", false),
        ("tps > 2600 at 40 workers", true),
        ("tps > 2600 at 40 workers 80 connections", true),
        ("tps > 1000 in every band", true),
        ("tps > 2000 in every band", false),
        ("tps > 2600 in any band", true),
        ("tps > 2700 in any band", false),
        ("errors < 1% in every band", true),
        ("max < 1s in every band", true),
        ("mean < 12ms", true),
        ("mean < 11ms", false),
        ("p50 < 12ms at 10 workers", true),
    ] {
        assert_eq!(passed(&record, text), kept, "{text}");
    }
}

#[test]
fn a_limit_on_latency_also_chooses_the_band() {
    let record = run(&DOCUMENTED);
    let free = held(&record, &[]);
    assert_eq!(free.best().unwrap().workers, 28);
    // 20 workers have a p95 of 13.4 ms, 28 have 16.0 ms.
    let limited = held(&record, &["p95 < 14ms"]);
    assert_eq!(limited.best().unwrap().workers, 20);
    assert!(limited.keeps_thresholds());
    let result = &limited.thresholds[0];
    assert_eq!((result.bands.len(), result.bands[0].workers), (1, 20));
    // No band can keep this one, so that none is recommended and the demand is missed.
    let impossible = held(&record, &["p95 < 1ms"]);
    assert!(impossible.best().is_none() && !impossible.keeps_thresholds());
    assert_eq!(impossible.thresholds[0].absent, Some(Absent::NoRecommendation));
}

#[test]
fn what_cannot_be_told_is_missed() {
    let mut record = run(&DOCUMENTED);
    let plan = record.bands[3].plan.clone();
    record.bands[3] = failed(plan, "plugin-crashed", "it crashed");
    for (text, why) in [
        ("errors < 1% in every band", Absent::NoFigure),
        ("p95 < 80ms at 28 workers", Absent::NoFigure),
        ("p95 < 80ms at 29 workers", Absent::NoSuchBand),
        ("p95 < 80ms at 500/s", Absent::NoSuchBand),
    ] {
        let report = held(&record, &[text]);
        assert!(!report.keeps_thresholds(), "{text}");
        assert_eq!(report.thresholds[0].absent, Some(why), "{text}");
    }
    // A band that failed does not stand in the way of another.
    assert!(passed(&record, "tps > 2600 in any band"));
}

#[test]
fn the_configuration_of_a_run_holds_its_thresholds() {
    let mut record = run(&DOCUMENTED);
    record.header.configuration = serde_json::json!({"thresholds": ["tps > 9999", "p95 < 1s"]});
    let report = Report::of(&record).unwrap();
    let passed: Vec<bool> = report.thresholds.iter().map(|result| result.passed).collect();
    assert_eq!(passed, [false, true]);
    let text = format::named("text").unwrap().render(&report).unwrap();
    assert!(text.contains("\nmissed   tps > 9999: 2534 with 28 workers, 56 connections"), "{text}");
    assert!(text.contains("\npass     p95 < 1000ms: "), "{text}");
    let json: Value =
        serde_json::from_str(&format::named("json").unwrap().render(&report).unwrap()).unwrap();
    assert_eq!(json["thresholds"][0]["passed"], false);
    assert_eq!(json["thresholds"][0]["bands"][0]["band_numbers"][0], 4);
    assert_eq!(json["thresholds"][1]["threshold"], "p95 < 1000ms");
    let annotations = annotation::of_run(&report);
    assert!(
        annotations.iter().any(|line| line.starts_with("::error title=stormdb missed::tps > 9999"))
    );
    let markdown = format::named("markdown").unwrap().render(&report).unwrap();
    assert!(
        markdown.contains("| 4 | 28 | 56 | 2,534 |")
            && markdown.contains("❌ **missed** tps &gt; 9999")
    );
}

#[test]
fn junit_is_xml_whatever_names_hold() {
    let mut record = run(&DOCUMENTED);
    record.header.workload = "im<db> & \"co\" \u{1b}[2J]]>".to_owned();
    let plan = record.bands[0].plan.clone();
    record.bands[0] = failed(plan, "plugin-crashed", "it <crashed> & \u{0}burned\n\"quoted\"");
    let report = held(&record, &["tps > 9999", "p95 < 1s"]);
    let xml = format::named("junit").unwrap().render(&report).unwrap();
    let read = Junit::deserialize_from_str(&xml).unwrap();
    let suite = &read.test_suites[0];
    assert!(suite.name.as_str().starts_with("im<db> & \"co\" \\u{1b}[2J]]>"), "{xml}");
    assert_eq!((read.tests, read.failures), (8, 2));
    let failure = |name: &str| -> Option<String> {
        let case =
            suite.test_cases.iter().find(|case| case.name.as_str().starts_with(name)).unwrap();
        match &case.status {
            TestCaseStatus::NonSuccess { kind: NonSuccessKind::Failure, message, .. } => {
                Some(message.as_ref().unwrap().to_string())
            }
            _ => None,
        }
    };
    assert_eq!(failure("band 1").as_deref(), Some("it <crashed> & \\u{0}burned\\n\"quoted\""));
    assert_eq!(failure("band 2"), None);
    assert!(failure("tps > 9999").unwrap().starts_with("2534 with 28 workers"));
    assert_eq!(failure("p95 < 1000ms"), None);
}

/// Runs of two bands at these shares of 1000 and 1500 TPS.
fn runs(levels: &[f64]) -> Vec<RunRecord> {
    let run_at = |(number, level): (usize, &f64)| {
        let mut record = run(&[(4, 4, 1000.0 * level), (8, 8, 1500.0 * level)]);
        record.header.id = format!("20241215-1430{number:02}-{:.0}", level * 1000.0);
        record
    };
    levels.iter().enumerate().map(run_at).collect()
}

const BASE: [f64; 5] = [1.0, 1.01, 0.99, 1.005, 0.995];

fn compared(base: &[RunRecord], new: &[RunRecord]) -> RunComparison {
    let samples = |runs: &[RunRecord]| -> Vec<RunSample> {
        runs.iter().map(|run| RunSample::of(run).unwrap()).collect()
    };
    compare(&samples(base), &samples(new), Demand::default()).unwrap()
}

fn text(comparison: &RunComparison, format: &str) -> String {
    face::render(comparison, format, Style::default()).unwrap()
}

#[test]
fn a_regression_is_said_in_every_face() {
    let slow: Vec<f64> = BASE.iter().map(|level| level * 0.9).collect();
    let comparison = compared(&runs(&BASE), &runs(&slow));
    assert!(comparison.comparison.has_regression());
    let shown = text(&comparison, "text");
    assert!(
        shown.contains("REGRESSION") && shown.contains("all bands (5 against 5 runs)"),
        "{shown}"
    );
    assert!(shown.contains("noise floor: the throughput of equal runs differs by"), "{shown}");
    let json: Value = serde_json::from_str(&text(&comparison, "json")).unwrap();
    assert_eq!((&json["regression"], &json["design"]), (&true.into(), &"independent".into()));
    let rows = json["compared"].as_array().unwrap();
    let tps = rows.iter().find(|row| row["band"].is_null() && row["metric"] == "tps").unwrap();
    assert!((tps["change"].as_f64().unwrap() + 0.1).abs() < 0.002, "{tps}");
    let markdown = text(&comparison, "markdown");
    assert!(markdown.contains("❌ REGRESSION"), "{markdown}");
    let junit = Junit::deserialize_from_str(&text(&comparison, "junit")).unwrap();
    // Throughput, p95 and p99 of two bands and of both together; nothing failed, so that errors are no case.
    assert_eq!((junit.tests, junit.failures), (9, 9));
    let annotations = face::annotations(&comparison);
    assert!(annotations[0].starts_with("::error title=stormdb regression::TPS with 4 workers"));
}

#[test]
fn equal_runs_pass_and_say_what_they_could_have_shown() {
    let shuffled = [0.995, 1.0, 1.01, 1.005, 0.99];
    let comparison = compared(&runs(&BASE), &runs(&shuffled));
    assert!(!comparison.comparison.has_regression());
    let shown = text(&comparison, "text");
    assert!(shown.contains("verdict  no regression found"), "{shown}");
    assert!(shown.contains("this machine needs "), "{shown}");
}

#[test]
fn one_run_per_side_is_told_what_to_type() {
    let comparison = compared(&runs(&[1.0]), &runs(&[0.5]));
    assert!(!comparison.comparison.has_regression());
    let shown = text(&comparison, "text");
    assert!(shown.contains("no test is possible with one run per side"), "{shown}");
    // Each run is a minute, so that the noise within it is known.
    assert!(shown.contains("within a run the throughput is known to ±"), "{shown}");
    assert!(shown.contains("`repeats: 5`") && shown.contains("--set repeats=5"), "{shown}");
    let junit = Junit::deserialize_from_str(&text(&comparison, "junit")).unwrap();
    assert_eq!((junit.tests, junit.failures), (9, 0));
}

#[test]
fn an_exported_file_is_as_good_as_its_record() {
    let (base, new) = (runs(&BASE), runs(&[0.97, 0.96, 0.98, 0.975, 0.965]));
    let read = |record: &RunRecord| {
        let report = Report::of(record).unwrap();
        let text = format::named("json").unwrap().render(&report).unwrap();
        exported::read_json(&text).unwrap()
    };
    for record in base.iter().chain(&new) {
        let (mut from_file, mut from_record) = (read(record), RunSample::of(record).unwrap());
        for (file, record) in from_file.bands.iter_mut().zip(&mut from_record.bands) {
            let (Some(file), Some(record)) = (&mut file.figures, &mut record.figures) else {
                panic!()
            };
            let close = |left: f64, right: f64| (left / right - 1.0).abs() < 1e-4;
            assert!(close(file.throughput, record.throughput));
            assert!(close(file.p95_ms.unwrap(), record.p95_ms.unwrap()));
            // A file holds no degrees of freedom, so that its error is a little larger.
            let ratio = file.throughput_error.unwrap() / record.throughput_error.unwrap();
            assert!((1.0..1.2).contains(&ratio), "{ratio}");
            *file = *record;
        }
        assert_eq!(from_file, from_record);
    }
    for (text, part) in [
        ("{}", "not the JSON of a run"),
        ("[]", "not the JSON of a run"),
        ("{\"metadata\": 1", "not the JSON of a run"),
    ] {
        let error = exported::read_json(text).unwrap_err().to_string();
        assert!(error.contains(part) && error.contains("--format json"), "{error}");
    }
    let report = Report::of(&base[0]).unwrap();
    let whole = format::named("json").unwrap().render(&report).unwrap();
    let mut holed: Value = serde_json::from_str(&whole).unwrap();
    holed["bands"][1]["performance"]["tps"] = Value::Null;
    let error = exported::read_json(&holed.to_string()).unwrap_err().to_string();
    assert!(error.contains("band 2 has no `tps`"), "{error}");
}

#[test]
fn what_makes_runs_incomparable_is_listed() {
    let base = runs(&BASE);
    let mut new = runs(&[1.0, 1.01, 0.99, 1.005, 0.995]);
    for record in &mut new {
        record.header.scale = 2000;
        record.header.server_title = "PostgreSQL 17.2".to_owned();
        record.header.plugins[0].sha256 = "11ee".to_owned();
        record.header.machine.cores = 4;
        record.bands.truncate(1);
    }
    let comparison = compared(&base, &new);
    let ids: Vec<&str> = comparison.differences.iter().map(|difference| difference.id).collect();
    let expected = [
        "different-scale",
        "different-server",
        "different-machine",
        "different-plugins",
        "same-run",
    ];
    assert_eq!(ids, expected);
    let shown = text(&comparison, "text");
    assert!(
        shown.contains("the scale differs: 1000 in the baseline, 2000 in the new runs"),
        "{shown}"
    );
    assert!(shown.contains("only one side has 8 workers, 8 connections"), "{shown}");
    assert!(compared(&base, &runs(&[1.1, 1.2])).differences.is_empty());
}

#[test]
fn repeats_of_one_run_are_compared_with_a_warning() {
    let repeated = |levels: &[f64], id: &str| {
        let mut record =
            run(&levels.iter().map(|level| (4, 4, 1000.0 * level)).collect::<Vec<_>>());
        record.header.id = id.to_owned();
        record
    };
    let slow: Vec<f64> = BASE.iter().map(|level| level * 0.9).collect();
    let comparison = compared(&[repeated(&BASE, "a")], &[repeated(&slow, "b")]);
    assert_eq!(comparison.bands.len(), 1);
    assert_eq!(comparison.comparison.compared[0].baseline.runs, 5);
    assert!(comparison.comparison.has_regression());
    assert!(text(&comparison, "text").contains("the repeats of one run share its server"));
    // Three such runs per side, and a run is the unit.
    let three = |levels: &[f64], name: &str| -> Vec<RunRecord> {
        (0..3).map(|number| repeated(levels, &format!("{name}{number}"))).collect()
    };
    let whole = compared(&three(&BASE, "a"), &three(&slow, "b"));
    assert_eq!(whole.comparison.compared[0].baseline.runs, 3);
}
