//! `stormdb config`: a check without a run, and the schema for editors.

use std::fs;

use stormdb_tests::lab::{Lab, run};

#[test]
fn a_check_says_what_would_be_run_or_what_is_wrong() {
    let lab = Lab::new();
    let write = |name: &str, text: &str| fs::write(lab.path().join(name), text).unwrap();
    write("good.yaml", "workload: imdb\nprogressive: {bands: 4, max_workers: 8}\n");
    write("bad.yaml", "workload: imdb\nprogressive: {bands: 99}\n");
    let ended = run(&mut lab.stormdb(&["config", "check", "good.yaml"]));
    assert_eq!(
        (ended.code, ended.stdout.as_str()),
        (Some(0), "good.yaml: ok, workload imdb, 4 bands\n")
    );
    let ended = run(&mut lab.stormdb(&["config", "check", "bad.yaml"]));
    ended.refused(2, "out-of-range");
    assert!(ended.stderr.contains("bad.yaml:2:22"), "{}", ended.stderr);
    assert_eq!(ended.stdout, "");
}

#[test]
fn the_schema_knows_every_key_that_is_accepted() {
    let lab = Lab::new();
    let schema = run(&mut lab.stormdb(&["config", "schema"])).json();
    let progressive = &schema["properties"]["progressive"];
    let text = progressive.to_string();
    for key in ["strategy", "test_duration", "band_duration", "step_workers", "export_path"] {
        assert!(text.contains(&format!("\"{key}\":")), "no {key} in {text}");
    }
    assert_eq!(schema["additionalProperties"], false);
    assert_eq!(schema["properties"]["workers"]["minimum"], 1);
}
