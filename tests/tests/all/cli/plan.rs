//! `stormdb plan`: the documented samples, without server and plugin, and a server's limit.

use std::{collections::BTreeSet, fs, path::PathBuf};

use serde_json::Value;
use stormdb_tests::{
    lab::{Lab, run},
    server::Server,
    untouched::{ClosedPort, kept},
};

use crate::repository::root;

/// The sample configurations. The first line of each says what is planned from it.
fn samples() -> Vec<PathBuf> {
    let folder = root().join("host/crates/stormdb-run/tests/configuration/samples");
    let samples: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(samples.len() >= 8, "{samples:?}");
    samples
}

fn sizes(plan: &Value, key: &str) -> Vec<u64> {
    plan["bands"].as_array().unwrap().iter().map(|band| band[key].as_u64().unwrap()).collect()
}

/// The numbers after `name`, such as `10,14,20` after `Workers: `.
fn listed(line: &str, name: &str) -> Option<Vec<u64>> {
    let (_, rest) = line.split_once(name)?;
    let list = rest.split(|letter: char| letter != ',' && !letter.is_ascii_digit()).next()?;
    Some(list.split(',').map(|number| number.parse().unwrap()).collect())
}

/// The three numbers of `grid of 10 x 10 = 100`.
fn grid(line: &str) -> Option<[usize; 3]> {
    let (_, rest) = line.split_once("grid of ")?;
    let mut numbers =
        rest.split(|letter: char| !letter.is_ascii_digit()).filter(|text| !text.is_empty());
    Some([(); 3].map(|()| numbers.next().unwrap().parse().unwrap()))
}

#[test]
fn every_sample_plans_the_bands_of_its_first_line() {
    let lab = Lab::new();
    let closed = ClosedPort::new();
    for sample in samples() {
        let name = sample.display();
        let text = fs::read_to_string(&sample).unwrap();
        let line = text.lines().next().unwrap();
        let mut command = lab.stormdb(&["plan", "--json", "--config"]);
        let ended = run(command.arg(&sample).args(closed.flags()));
        assert_eq!(ended.code, Some(0), "{name}: {}", ended.stderr);
        let plan = ended.json();
        let (workers, connections) = (sizes(&plan, "workers"), sizes(&plan, "connections"));

        if let Some([rows, columns, all]) = grid(line) {
            let distinct = |sizes: &[u64]| sizes.iter().collect::<BTreeSet<_>>().len();
            assert_eq!(
                [distinct(&workers), distinct(&connections), workers.len()],
                [rows, columns, all],
                "{name}"
            );
        } else if let Some(listed_workers) = listed(line, "Workers: ") {
            assert_eq!(workers, listed_workers, "{name}");
            assert_eq!(connections, listed(line, "connections: ").unwrap(), "{name}");
        } else {
            assert!(
                line.ends_with("step keys are ignored with a warning, bands = 5.")
                    || line.ends_with("step keys ignored with a warning, bands = 5."),
                "{line}"
            );
            assert_eq!(workers.len(), 5, "{name}");
            assert!(ended.stderr.contains("step keys are ignored"), "{name}: {}", ended.stderr);
        }
        if line.contains("shows the paired alternative") {
            assert!(plan["paired_alternative"]["bands"].is_array(), "{name}");
            assert!(plan["warnings"].to_string().contains("\"long-run\""), "{name}");
        }
        let indexes = sizes(&plan, "index");
        assert_eq!(indexes, (1..=workers.len() as u64).collect::<Vec<_>>(), "{name}");
        let seconds: f64 = plan["bands"].as_array().unwrap().iter().map(seconds).sum();
        assert!((plan["total_seconds"].as_f64().unwrap() - seconds).abs() < 1e-6, "{name}");
        let missing = |key: &str| plan[key].as_str().unwrap().to_owned();
        assert!(missing("server_missing").contains(&closed.address()), "{name}");
        assert!(missing("plugin_missing").starts_with("no plugin offers workload"), "{name}");
        assert!(plan["plugin"].is_null() && plan["server"].is_null(), "{name}");
    }
    assert!(kept(&lab).is_empty());
}

fn seconds(band: &Value) -> f64 {
    ["warmup_seconds", "measure_seconds", "cooldown_seconds"]
        .map(|key| band[key].as_f64().unwrap())
        .iter()
        .sum()
}

/// As many bands as the text has rows, and what is missing beside it.
#[test]
fn the_text_says_what_is_missing() {
    let lab = Lab::new();
    let closed = ClosedPort::new();
    let mut command = lab.stormdb(&["plan", "--progressive", "--workload", "imdb"]);
    let ended = run(command.args(closed.flags()));
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let rows = ended.stdout.lines().skip(1).take_while(|line| !line.is_empty());
    let servers: Vec<_> = rows.map(|row| row.split_whitespace().last().unwrap()).collect();
    assert_eq!(servers, ["unknown"; 6]);
    for said in ["server: missing, ", "plugin: missing, ", "warning: the ladder goes up to 97"] {
        assert!(ended.stderr.contains(said), "no {said} in {}", ended.stderr);
    }
}

/// Without a maximum, a ladder ends at what the server has free: one more than it has is too many.
#[test]
fn a_servers_limit() {
    let lab = Lab::new();
    let server = Server::start(&lab, 20);
    let plan = |flags: &[&str]| {
        let mut command = lab.stormdb_with_plugins(&["plan", "-w", "simple", "--json"]);
        let ended = run(command.args(server.flags()).args(flags));
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        ended.json()
    };
    let default = plan(&["--progressive"]);
    assert_eq!(default["server"]["max_connections"], 20);
    assert_eq!(default["strategy"], "exponential");
    // The monitor connection has one of the 20.
    assert_eq!(sizes(&default, "workers"), [1, 2, 3, 6, 11, 19]);
    assert_eq!(sizes(&default, "connections"), sizes(&default, "workers"));
    assert_eq!(default["bands"][0]["measure_seconds"], 30.0);
    assert!(default["plugin"].as_str().unwrap().starts_with("stormdb-simple "), "{default}");

    let beyond = plan(&[
        "--set",
        "progressive={strategy: linear, bands: 4, max_workers: 40, max_connections: 40}",
    ]);
    assert_eq!(sizes(&beyond, "connections"), [1, 14, 27, 40]);
    assert_eq!(beyond["bands_beyond_server"], serde_json::json!([3, 4]));
    assert!(beyond["warnings"].to_string().contains("\"beyond-server\""));
}

/// The embedded server is not started for a plan, but its limit is known.
#[test]
fn the_embedded_server() {
    let lab = Lab::new();
    let ended = run(&mut lab.stormdb(&["plan", "-w", "simple", "--progressive", "--json"]));
    let plan = ended.json();
    assert_eq!(plan["server"]["max_connections"], 200);
    assert!(plan["server_missing"].is_null());
    assert_eq!(sizes(&plan, "workers").last(), Some(&199));
    let ended = run(&mut lab.stormdb(&["plan", "-w", "simple", "--connections", "500", "--json"]));
    assert_eq!(ended.json()["bands_beyond_server"], serde_json::json!([]));
}
