//! `stormdb plugin check`: what passes, what does not, and the report.

use std::{collections::BTreeMap, fs};

use serde_json::Value;
use stormdb_tests::{
    hostile::Hostile,
    lab::{Lab, plugins, run},
};

/// The verdict and the finding of each step of the first workload.
fn steps(report: &Value) -> BTreeMap<&str, (&str, &str)> {
    let steps = report["workloads"][0]["steps"].as_array().unwrap().iter();
    steps
        .map(|step| {
            let text = |key: &str| step[key].as_str().unwrap();
            (text("step"), (text("verdict"), text("finding")))
        })
        .collect()
}

/// Takes a workload through bands, a restart and two deadlines, which takes its time.
#[test]
fn a_workload_that_keeps_the_rules_passes_every_step() {
    let lab = Lab::new();
    let bundle = plugins().join("stormdb-simple-1.0.0.stormplug");
    let mut command = lab.stormdb_with_plugins(&["plugin", "check", "--json"]);
    let page = lab.path().join("report.md");
    let ended = run(command.arg(&bundle).arg("--out").arg(&page).args(["--scale", "200"]));
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    let report = ended.json();
    let steps = steps(&report);
    let others: Vec<_> = steps.iter().filter(|(_, (verdict, _))| *verdict != "passed").collect();
    assert!(others.is_empty(), "{others:?}");
    assert_eq!(steps.len(), 15, "four modes beside the eleven others: {steps:?}");
    assert_eq!(steps["every operation"].1, "20 calls, each succeeded");
    assert_eq!(report["workloads"][0]["scale"], 200);
    let page = fs::read_to_string(page).unwrap();
    assert!(page.starts_with("# Conformance of stormdb-simple 1.0.0: passed\n"), "{page}");
    let sha256 = report["plugins"][0]["sha256"].as_str().unwrap();
    assert!(page.contains(&format!("SHA-256 {sha256}")), "{page}");
}

#[test]
fn a_careless_workload_hears_what_it_broke() {
    let lab = Lab::new();
    let fixtures = Hostile::pack(&lab);
    let mut command = lab.stormdb(&["plugin", "check", "--json"]);
    command.arg(fixtures.bundle("careless"));
    fixtures.arm(&mut command);
    let ended = run(&mut command);
    assert_eq!(ended.code, Some(4), "{}\n{}", ended.stdout, ended.stderr);
    let report = ended.json();
    let steps = steps(&report);
    let failed: BTreeMap<_, _> =
        steps.iter().filter(|(_, (verdict, _))| *verdict == "failed").collect();
    let expected = [
        ("checks of the data", "`rows-looked-at`: nobody looked"),
        ("interrupted at every request", "says that it succeeded"),
        ("same seed and scale, same rows", "table stormdb_careless.reading has other rows"),
        ("same seed, same statements", "operation `read`: first `SELECT value"),
        ("teardown leaves nothing", "it left relation stormdb_careless.forgotten"),
    ];
    assert_eq!(failed.len(), expected.len(), "{failed:#?}");
    for (step, finding) in expected {
        assert!(steps[step].1.contains(finding), "{step}: {}", steps[step].1);
    }
}

#[test]
fn a_bundle_that_is_refused_or_misbehaves_needs_no_server() {
    let lab = Lab::new();
    let bundle = plugins().join("stormdb-simple-1.0.0.stormplug");
    let mut command = lab.stormdb(&["plugin", "check"]);
    run(command.arg(&bundle).args(["--pg-bin", "/nowhere"])).refused(3, "key-untrusted");
    let fixtures = Hostile::pack(&lab);
    let mut command = lab.stormdb(&["plugin", "check", "--pg-bin", "/nowhere"]);
    command.arg(fixtures.bundle("speechless"));
    fixtures.arm(&mut command);
    run(&mut command).refused(4, "plugin-panicked:describe");
}
