//! Far more workers than connections: it runs, in bounded memory, and the wait is to be seen.

use std::fs;

use stormdb_tests::{
    lab::{Lab, run},
    server::Server,
    stored::{Stored, cell, rows},
};

/// A thousand workers may cost the load process no more than this.
const MEMORY_MAX: u64 = 150 * 1024 * 1024;

#[test]
fn a_thousand_workers_on_twenty_connections() {
    let lab = Lab::new();
    let server = Server::start(&lab, 30);
    let mut command = lab.stormdb_with_plugins(&["run", "--setup", "--workload", "simple"]);
    command.args(["--workers", "1000", "--connections", "20", "--duration", "4s"]);
    let ended = run(command.args(server.flags()).args(["--export-path", "results"]));
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);

    let record = Stored::latest(&lab).unwrap().record;
    let (_, measured) = record.measured().next().unwrap();
    assert!(measured.counts.operations > 1000, "{:?}", measured.counts);
    assert_eq!(measured.counts.failed, 0, "{:?}", measured.errors);
    let memory = measured.peak_rss_bytes.unwrap();
    assert!(memory <= MEMORY_MAX, "{memory} bytes");
    let response = measured.response.summary().mean_ms.unwrap();
    let service = measured.service.summary().mean_ms.unwrap();
    let wait = measured.pool_wait.as_ref().unwrap().summary().mean_ms.unwrap();
    // All but the holders of a connection wait: most of the response time is in the line.
    assert!(wait > 0.8 * response && service < 0.2 * response, "{wait} + {service} of {response}");

    // Table, CSV and JSON say the same.
    let row = ended.stdout.lines().find(|line| line.trim_start().starts_with("1/1")).unwrap();
    let heads = ended.stdout.lines().find(|line| line.contains("wait p95")).unwrap();
    assert!(heads.contains("p95 ms"), "{heads}");
    let (before, _) = heads.split_once("wait p95").unwrap();
    let end = before.chars().count() + "wait p95".len();
    let left: String = row.chars().take(end).collect();
    let shown = left.rsplit(' ').next().unwrap().replace(',', "");
    let read = |extension: &str| {
        let files = fs::read_dir(lab.results()).unwrap().map(|file| file.unwrap().path());
        let mut found = files.filter(|file| file.extension().is_some_and(|e| e == extension));
        fs::read_to_string(found.next().unwrap()).unwrap()
    };
    let csv: f64 = cell(&rows(&read("csv"))[0], "p95_pool_wait_ms").parse().unwrap();
    let json: serde_json::Value = serde_json::from_str(&read("json")).unwrap();
    assert_eq!(json["bands"][0]["performance"]["p95_pool_wait_ms"], csv);
    let shown: f64 = shown.parse().unwrap();
    assert!((shown - csv).abs() <= 0.5 && csv > 0.0, "{shown} and {csv}");
}
