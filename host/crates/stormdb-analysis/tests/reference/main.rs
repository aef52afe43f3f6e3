//! Runs every reference case in a folder: `STORMDB_REFERENCE`, or the crate's own `reference/`.
//!
//! A file is a kind, named by its stem. A relative folder is taken from the crate. A kind that is not in
//! [`kinds::KINDS`] is a failure.

#![expect(clippy::panic, reason = "a malformed reference file must stop the test and say where")]

mod case;
mod compare;
mod kinds;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::case::Input;
use crate::compare::Tolerance;
use crate::kinds::Kind;

#[test]
fn every_case_gives_the_expected_figures() {
    let folder =
        std::env::var_os("STORMDB_REFERENCE").unwrap_or_else(|| OsString::from("reference"));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut tally = Tally::default();
    for path in reference_files(&folder) {
        let text = fs::read_to_string(&path).unwrap();
        let file = serde_json::from_str(&text).unwrap();
        let kind = path.file_stem().unwrap().to_str().unwrap();
        match kinds::named(kind) {
            Some(run) => tally.add(check_file(kind, &file, run)),
            None => tally.differences.push(format!("unknown kind `{kind}` in {}", path.display())),
        }
    }
    let Tally { cases, passed, differences } = tally;
    println!("reference: {passed} of {cases} cases");
    assert!(cases > 0, "no case in {}", folder.display());
    assert!(
        differences.is_empty(),
        "reference: {passed} of {cases} cases\n{}",
        differences.join("\n")
    );
}

#[test]
fn a_wrong_figure_is_reported_with_its_place() {
    let file = json!({
        "tolerance": {"rel": 1e-9, "abs": 1e-12},
        "cases": [{
            "name": "wrong",
            "input": {"values": [1, 3], "confidence": 0.95},
            "expected": {"n": 2, "mean": 2.5, "min": 1, "max": 3, "variance": 2, "sd": null, "quantiles": {"0.5": 2}},
        }],
    });
    let tally = check_file("descriptive", &file, kinds::named("descriptive").unwrap());
    assert_eq!((tally.passed, tally.cases), (0, 1));
    let expected = [
        "descriptive/wrong mean: expected 2.5, got 2.0",
        "descriptive/wrong sd: expected null, got 1.4142135623730951",
        "descriptive/wrong cov: not expected",
    ];
    for line in expected {
        assert!(tally.differences.iter().any(|found| found.starts_with(line)), "{tally:?}");
    }
}

#[test]
fn the_residuals_of_a_perfect_fit_are_rounding() {
    let fit = json!({"perfect_fit": true, "sse": 0.0, "r_squared": 1.0});
    let case = json!({
        "name": "perfect",
        "input": {"y": [1000, 3000]},
        "expected": {"fits": {"linear": fit}},
    });
    let margins =
        json!({"sse": {"rel": 1e-7}, "r_squared": {"abs": 1e-8}, "perfect_fit": "rounding"});
    let tolerance = Tolerance::of(&margins, &case);
    let differing = |sse: f64, r_squared: f64| {
        let found = json!({"perfect_fit": true, "sse": sse, "r_squared": r_squared});
        compare::differences(&case["expected"], &json!({"fits": {"linear": found}}), &tolerance)
    };
    assert_eq!(differing(1e-3, 1.0), Vec::<String>::new());
    assert_eq!(differing(1e-2, 1.0).len(), 1);
    assert_eq!(differing(0.0, 0.99).len(), 1);
}

#[test]
fn a_missing_refusal_is_reported() {
    let file = json!({
        "tolerance": {"exact": true},
        "cases": [{
            "name": "accepted",
            "input": {"kind": "knee", "x": [1, 2], "y": [1, 2], "shape": "concave_increasing", "minimum_distance": 0.1},
            "expected": {"error": "non_finite"},
        }],
    });
    let tally = check_file("breakpoint", &file, kinds::named("breakpoint").unwrap());
    assert_eq!((tally.passed, tally.cases), (0, 1));
    assert!(tally.differences[0].starts_with("breakpoint/accepted error: missing"), "{tally:?}");
}

/// What came of the cases run so far.
#[derive(Debug, Default)]
struct Tally {
    cases: usize,
    passed: usize,
    differences: Vec<String>,
}

impl Tally {
    fn add(&mut self, other: Self) {
        let Self { cases, passed, differences } = other;
        self.cases += cases;
        self.passed += passed;
        self.differences.extend(differences);
    }
}

fn check_file(kind: &str, file: &Value, run: Kind) -> Tally {
    let mut tally = Tally::default();
    for case in cases(file) {
        let name = case["name"].as_str().expect("a case has a name");
        let actual = match run(&Input::of(case)) {
            Ok(actual) => actual,
            Err(error) => json!({"error": error.id()}),
        };
        let tolerance = Tolerance::of(&file["tolerance"], case);
        let differences = compare::differences(&case["expected"], &actual, &tolerance);
        tally.cases += 1;
        tally.passed += usize::from(differences.is_empty());
        let named = differences.into_iter().map(|difference| format!("{kind}/{name} {difference}"));
        tally.differences.extend(named);
    }
    tally
}

fn cases(file: &Value) -> &[Value] {
    file["cases"].as_array().expect("a reference file lists its cases")
}

fn reference_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("cannot list {}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a listed file can be named").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    files
}
