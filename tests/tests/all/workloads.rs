//! Every operation of every workload succeeds on freshly loaded data, at any scale.

use std::{collections::BTreeMap, path::Path};

use stormdb_process::{journal, runs::Runs};
use stormdb_run::{
    event::RunEvent,
    measurement::{BandMeasurement, OperationTally},
    record::{BandStatus, RunRecord},
};
use stormdb_tests::{
    lab::{Lab, run},
    server::Server,
};

/// Executions of each operation that a scale must show.
const EXECUTIONS: u64 = 200;
/// Bands in which a slow machine must get there.
const ROUNDS_MAX: u32 = 12;

fn record(lab: &Lab) -> RunRecord {
    let runs = Runs::new(lab.path().join("data/stormdb/runs"));
    let folder = runs.latest().expect("the runs").expect("a run");
    let contents = journal::read::<RunEvent>(&folder.journal()).expect("the journal");
    RunRecord::from_events(contents.records).expect("a record")
}

/// Runs one band after a rebuild at `scale`, and returns what it measured.
fn measure(
    lab: &Lab,
    server: &Server,
    workload: &str,
    scale: &str,
    seconds: &str,
) -> BandMeasurement {
    measure_with(lab, server, workload, scale, seconds, &[])
}

fn measure_with(
    lab: &Lab,
    server: &Server,
    workload: &str,
    scale: &str,
    seconds: &str,
    flags: &[&str],
) -> BandMeasurement {
    let mut command = lab.stormdb_with_plugins(&["run", "--rebuild", "--workload", workload]);
    command.args(["--scale", scale, "--workers", "4", "--connections", "4", "--duration", seconds]);
    command.args(server.flags()).arg("--export-path").arg(lab.results()).args(flags);
    let ended = run(&mut command);
    assert_eq!(
        ended.code,
        Some(0),
        "{workload} at scale {scale}\n{}\n{}",
        ended.stdout,
        ended.stderr
    );
    let mut record = record(lab);
    let failed: Vec<_> = record.checks.iter().filter(|check| !check.passed).collect();
    assert!(failed.is_empty(), "{workload} at scale {scale}: {failed:?}");
    match record.bands.pop().map(|band| band.status) {
        Some(BandStatus::Finished { measurement }) => *measurement,
        other => panic!("{workload} at scale {scale}: {other:?}"),
    }
}

/// Bands on freshly loaded data until every operation of the mix was executed often enough, however
/// slow the machine is; none may fail.
fn check(lab: &Lab, server: &Server, workload: &str, scale: &str) {
    let mut executed: BTreeMap<String, u64> = BTreeMap::new();
    for _ in 0..ROUNDS_MAX {
        let measured = measure(lab, server, workload, scale, "3s");
        assert!(measured.errors.is_empty(), "{workload} at scale {scale}: {:?}", measured.errors);
        for OperationTally { name, operations, failed, .. } in measured.operations {
            assert_eq!(failed, 0, "{name} at scale {scale}");
            *executed.entry(name).or_default() += operations;
        }
        executed.retain(|_, operations| *operations > 0);
        assert!(!executed.is_empty(), "{workload} draws operations");
        if executed.values().all(|operations| *operations >= EXECUTIONS) {
            return;
        }
    }
    panic!("{workload} at scale {scale}: {executed:?} in {ROUNDS_MAX} bands");
}

#[test]
fn imdb_operations_succeed_at_three_scales() {
    let lab = Lab::new();
    let server = Server::start(&lab, 50);
    for scale in ["1", "30", "200"] {
        check(&lab, &server, "imdb", scale);
    }
    let measured = measure(&lab, &server, "imdb_read", "30", "2s");
    assert_eq!(measured.counts.rows_written, 0);
    let measured = measure(&lab, &server, "imdb_write", "30", "2s");
    assert_eq!(measured.counts.rows_read, 0);
}

/// Each transaction as often as the others; `measure` finds the conditions 1 to 4 kept.
#[test]
fn tpcc_transactions_succeed_and_keep_their_conditions() {
    let lab = Lab::new();
    let server = Server::start(&lab, 50);
    let names = ["new-order", "payment", "order-status", "delivery", "stock-level"];
    let mix = names.map(|name| format!("workload_config.mix.{name}=1"));
    let flags: Vec<&str> = mix.iter().flat_map(|weight| ["--set", weight]).collect();
    let measured = measure_with(&lab, &server, "tpcc", "1", "5s", &flags);
    assert!(measured.errors.is_empty(), "{:?}", measured.errors);
    for OperationTally { name, operations, .. } in measured.operations {
        assert!(operations >= EXECUTIONS, "{name}: {operations} in five seconds");
    }
}

/// The server of the bundle has the extension that one of them needs.
#[test]
fn shop_operations_succeed() {
    let lab = Lab::new();
    let server = Server::start(&lab, 50);
    for shop in ["ecommerce_basic", "ecommerce"] {
        for mode in ["read", "write", "analytics"] {
            check(&lab, &server, &format!("{shop}_{mode}"), "30");
        }
        let measured = measure(&lab, &server, &format!("{shop}_read"), "30", "1s");
        assert_eq!(measured.counts.rows_written, 0, "{shop}");
    }
}

#[test]
fn simple_and_pgbench_operations_succeed() {
    let lab = Lab::new();
    let server = Server::start(&lab, 50);
    for scale in ["1", "10", "1000"] {
        check(&lab, &server, "simple", scale);
    }
    for workload in
        ["pgbench_select_only", "pgbench_tpcb", "pgbench_tpcb_pipeline", "pgbench_select_pipeline"]
    {
        check(&lab, &server, workload, "1");
    }
}

#[test]
fn a_teardown_drops_only_its_own_schema() {
    let lab = Lab::new();
    let server = Server::start(&lab, 50);
    for workload in ["imdb", "simple", "imdb"] {
        measure(&lab, &server, workload, "5", "1s");
    }
    let mut command = lab.stormdb_with_plugins(&["run", "--workload", "simple", "--workers", "1"]);
    command.args(["--connections", "1", "--duration", "1s"]).args(server.flags());
    let ended = run(command.arg("--export-path").arg(lab.results()));
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(Path::new(&lab.results()).exists());
}

#[test]
fn a_run_without_data_says_how_to_load_it() {
    let lab = Lab::new();
    let server = Server::start(&lab, 50);
    for workload in ["imdb", "simple", "pgbench"] {
        let mut command = lab.stormdb_with_plugins(&["run", "--workload", workload]);
        command.args(server.flags()).arg("--export-path").arg(lab.results());
        let ended = run(&mut command);
        ended.refused(2, "workload-not-ready");
        assert!(ended.stderr.contains("run once with --setup"), "{}", ended.stderr);
    }
}

/// What takes longer in them is made shorter; the rest is as a user finds it.
#[test]
fn every_sample_runs_as_it_is() {
    let lab = Lab::new();
    let server = Server::start(&lab, 50);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/samples");
    let samples = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut ran = 0;
    for sample in samples {
        let mut command = lab.stormdb_with_plugins(&["run", "--setup"]);
        command
            .arg("--config")
            .arg(&sample)
            .args(["--set", "progressive.test_duration=1s"])
            .args(server.flags());
        let ended = run(command.arg("--export-path").arg(lab.results()));
        assert_eq!(ended.code, Some(0), "{}\n{}", sample.display(), ended.stderr);
        let record = record(&lab);
        let measured: Vec<_> = record.measured().collect();
        assert_eq!(measured.len(), 3, "{}", sample.display());
        assert!(
            measured.iter().all(|(_, band)| band.counts.operations > 0 && band.counts.failed == 0)
        );
        ran += 1;
    }
    assert!(ran >= 4, "{ran} samples");
}
