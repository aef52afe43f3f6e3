//! `stormdb runs` and `stormdb report`: what a run stored, rendered again from its record alone.

use std::fs;

use stormdb_tests::{
    lab::{Ended, Lab, run},
    server::Server,
};

#[test]
fn a_stored_run_is_listed_shown_and_reported() {
    let lab = Lab::new();
    let ran = {
        let server = Server::start(&lab, 20);
        let mut command = lab.stormdb_with_plugins(&["run", "--setup", "--workload", "simple"]);
        command.args(["--workers", "4", "--connections", "2", "--duration", "1s"]);
        run(command.args(server.flags()).args(["--export-path", "results"]))
    };
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let stormdb = |arguments: &[&str]| -> Ended {
        let ended = run(&mut lab.stormdb(arguments));
        assert_eq!(ended.code, Some(0), "{arguments:?}: {}", ended.stderr);
        ended
    };

    let list = stormdb(&["runs", "list", "--json"]).json();
    assert_eq!(list.as_array().unwrap().len(), 1);
    let id = list[0]["id"].as_str().unwrap();
    assert!(ran.stdout.contains(&format!("run {id}\n")), "no {id} in\n{}", ran.stdout);
    assert_eq!(list[0]["bands_finished"], 1);
    assert_eq!(list[0]["outcome"]["outcome"], "complete");
    let text = stormdb(&["runs", "list"]).stdout;
    assert!(text.lines().nth(1).unwrap().starts_with(id), "{text}");

    let shown = stormdb(&["runs", "show", id, "--json"]).json();
    assert_eq!(shown["header"]["workload"], "simple");
    assert_eq!(shown["bands"][0]["status"], "finished");
    assert_eq!(shown, stormdb(&["runs", "show", "--json"]).json());
    assert!(
        stormdb(&["runs", "show", id]).stdout.contains("1/1, 4 workers, 2 connections: finished")
    );

    // The server is gone, and the report is the same as the files.
    for format in ["csv", "json"] {
        let name = format!("results/progressive_scaling_results_{}.{format}", id.replace('-', "_"));
        let exported = fs::read_to_string(lab.path().join(&name)).unwrap();
        assert_eq!(stormdb(&["report", id, "--format", format]).stdout, exported, "{name}");
        assert!(ran.stdout.contains(&name), "{name} is not named in\n{}", ran.stdout);
        stormdb(&["report", id, "-f", format, "--out", "again"]);
        assert_eq!(fs::read_to_string(lab.path().join("again")).unwrap(), exported);
    }
    let report = stormdb(&["report", id]).stdout;
    assert_eq!(report, stormdb(&["report", "latest", "--format", "text"]).stdout);
    // Beyond the terminal's lines, the report has every figure of every band.
    let (verdict, figures) = report.split_once("\nfigures ").unwrap();
    assert!(figures.contains("\np95_pool_wait_ms "), "{report}");
    let missing: Vec<_> =
        verdict.lines().filter(|line| !ran.stdout.contains(line.trim_end())).collect();
    assert!(missing.is_empty(), "the run itself did not say {missing:?}");
    check_warnings(&report);

    for (arguments, code, id) in [
        (["report", "20200101-000000", "-f", "csv"], 2, "run-missing"),
        (["report", "../../etc/passwd", "-f", "csv"], 2, "run-missing"),
        (["report", "latest", "-f", "xml"], 2, "format-unknown"),
    ] {
        run(&mut lab.stormdb(&arguments)).refused(code, id);
    }
}

/// More workers than connections are said once.
fn check_warnings(report: &str) {
    let said = report.lines().filter(|line| line.starts_with("warning  "));
    let about_pool = said.filter(|line| line.contains("workers") && line.contains("connections"));
    assert_eq!(about_pool.count(), 1, "{report}");
}

#[test]
fn without_a_run_there_is_nothing_to_report() {
    let lab = Lab::new();
    assert_eq!(run(&mut lab.stormdb(&["runs", "list", "--json"])).json(), serde_json::json!([]));
    run(&mut lab.stormdb(&["report"])).refused(2, "run-missing");
    run(&mut lab.stormdb(&["runs", "show"])).refused(2, "run-missing");
}
