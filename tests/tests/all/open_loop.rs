//! Operations that arrive at a given rate: a real server reaches the rate, and when it stalls the
//! latencies show it.

use std::{fs, time::Duration};

use rustix::process::{Pid, Signal, kill_process};
use stormdb_run::{
    measurement::BandMeasurement,
    reached::{RatedBand, rated_bands},
};
use stormdb_tests::{
    lab::{Ended, Lab, run},
    live::Live,
    server::Server,
    stored::{Stored, cell, reported},
};

const RATE: f64 = 300.0;

/// A lab and a server with the data of `simple` in it.
fn prepared() -> (Lab, Server) {
    let lab = Lab::new();
    let server = Server::start(&lab, 30);
    let mut command = lab.stormdb_with_plugins(&["run", "--setup", "--workload", "simple"]);
    command.args(["--workers", "1", "--duration", "1s"]).args(server.flags());
    let ended = run(command.arg("--export-path").arg(lab.results()));
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    (lab, server)
}

/// The arguments of a band of an open loop.
fn open_loop<'a>(arrivals: &'a str, duration: &'a str) -> Vec<&'a str> {
    let load = ["run", "--workload", "simple", "--workers", "8", "--arrival-rate", "300"];
    [&load[..], &["--arrivals", arrivals, "--duration", duration]].concat()
}

fn only_band(lab: &Lab) -> (BandMeasurement, RatedBand) {
    let record = Stored::latest(lab).expect("a run").record;
    let [band] = record.bands.as_slice() else { panic!("{:?}", record.bands) };
    let measurement = band.measurement().expect("a finished band").clone();
    (measurement, rated_bands(&record)[0])
}

/// A run on a machine that let the generator keep its schedule; one that is busy with something else
/// does not, and the run says so.
fn on_schedule(lab: &Lab, server: &Server, arrivals: &str) -> Ended {
    for _ in 0..10 {
        let mut command = lab.stormdb_with_plugins(&open_loop(arrivals, "5s"));
        command.args(server.flags()).arg("--export-path").arg(lab.results());
        let ended = run(&mut command);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        if !ended.stdout.contains("late to what was due") {
            return ended;
        }
    }
    panic!("ten runs in a row came late to their schedule");
}

#[test]
fn a_rate_is_reached_and_reported() {
    let (lab, server) = prepared();
    for arrivals in ["poisson", "constant"] {
        let ended = on_schedule(&lab, &server, arrivals);
        assert!(ended.stdout.contains("300/s reached"), "{}", ended.stdout);
        assert!(!ended.stdout.contains("closed loop"), "{}", ended.stdout);

        let (measured, rated) = only_band(&lab);
        assert!((rated.begun / RATE - 1.0).abs() <= 0.005, "{arrivals}: {rated:?}");
        assert!(measured.response.summary().mean_ms >= measured.service.summary().mean_ms);
        let row = &reported(&lab)[0];
        assert_eq!(cell(row, "arrival_rate"), "300");
        assert_eq!(cell(row, "littles_law_ratio"), "");
    }
}

/// The server's processes are stopped for half a second of four. The twentieth of all operations
/// that waits longest was scheduled in the first 0.2 s of it, and waits for 0.3 s and more; 8 of 1200
/// operations are all that the server had at hand.
#[tokio::test]
async fn a_server_that_stands_still_is_seen_from_the_schedule() {
    let (lab, server) = tokio::task::spawn_blocking(prepared).await.unwrap();
    let mut command = lab.stormdb_with_plugins(&open_loop("constant", "4s"));
    command.args(server.flags()).arg("--export-path").arg(lab.results());
    let mut live = Live::start(command);
    live.until("sample", |event| event["phase"] == "measure").await;
    let processes = processes_of(&server);
    signal_all(&processes, Signal::STOP);
    tokio::time::sleep(Duration::from_millis(500)).await;
    signal_all(&processes, Signal::CONT);
    let told = live.end().await;
    assert_eq!(told.status.code(), Some(0), "{}", told.transcript());
    let (measured, rated) = only_band(&lab);
    let (response, service) = (measured.response.summary(), measured.service.summary());
    let transcript = told.transcript();
    assert!(response.p95_ms > Some(200.0), "{response:?}\n{transcript}");
    assert!(response.p95_ms > service.p95_ms.map(|ms| ms * 2.0), "{service:?}\n{transcript}");
    let unstarted = measured.arrivals.expect("an open loop").unstarted;
    let unstarted = f64::from(u32::try_from(unstarted).expect("a few"));
    assert!((rated.begun * 4.0 + unstarted - 1200.0).abs() < 0.5, "{rated:?}");
}

fn signal_all(processes: &[Pid], signal: Signal) {
    for pid in processes {
        // One that the server needed for a moment only may have ended.
        let _sent = kill_process(*pid, signal);
    }
}

/// The postmaster and its children.
fn processes_of(server: &Server) -> Vec<Pid> {
    let file = server.cluster().cluster().data_directory().join("postmaster.pid");
    let text = fs::read_to_string(file).expect("a running server");
    let postmaster: i32 = text.lines().next().and_then(|line| line.parse().ok()).expect("a number");
    let children = fs::read_to_string(format!("/proc/{postmaster}/task/{postmaster}/children"));
    let children = children.unwrap_or_default();
    let children = children.split_whitespace().filter_map(|pid| pid.parse().ok());
    std::iter::once(postmaster).chain(children).filter_map(Pid::from_raw).collect()
}
