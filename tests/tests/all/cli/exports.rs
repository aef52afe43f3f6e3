//! The exported files: their names, their columns and layout, and that each band is in them as soon
//! as it is finished.

use std::{collections::BTreeSet, fs, path::PathBuf};

use stormdb_tests::{
    lab::Lab,
    live::Live,
    server::Server,
    stored::{Stored, cell, rows},
};

/// The columns of the v0.2 layout, which come first.
const COLUMNS: &str = "band,workers,connections,duration_seconds,tps,avg_latency_ms,p50_latency_ms,\
    p95_latency_ms,p99_latency_ms,std_dev_latency,errors,efficiency_tps_per_worker,\
    marginal_gain_tps_per_worker,scaling_region,bottleneck_type,";

/// The exported file of an extension.
fn exported(lab: &Lab, extension: &str) -> PathBuf {
    let files: Vec<_> =
        fs::read_dir(lab.results()).unwrap().map(|file| file.unwrap().path()).collect();
    let mut found = files.iter().filter(|file| file.extension().is_some_and(|e| e == extension));
    let file = found.next().unwrap_or_else(|| panic!("no .{extension} among {files:?}"));
    assert!(found.next().is_none(), "{files:?}");
    file.clone()
}

#[tokio::test]
async fn each_band_is_exported_when_it_is_finished() {
    let lab = Lab::new();
    let server = Server::start(&lab, 20);
    let ladder = "progressive={strategy: linear, bands: 3, min_workers: 2, max_workers: 6, min_connections: 1, \
                  max_connections: 3, test_duration: 1s, warmup_duration: 0s, cooldown_duration: 0s}";
    let mut command = lab.stormdb_with_plugins(&["run", "--setup", "--workload", "simple"]);
    command.args(server.flags()).args(["--set", ladder, "--export-path"]).arg(lab.results());
    let mut live = Live::start(command);
    for begun in 2..=3 {
        live.until("band-started", |event| event["band"] == begun).await;
        let text = fs::read_to_string(exported(&lab, "csv")).unwrap();
        let rows = rows(&text);
        let indexes: Vec<_> = rows.iter().map(|row| cell(row, "band").to_owned()).collect();
        let finished: Vec<_> = (1..begun).map(|band| band.to_string()).collect();
        assert_eq!(indexes, finished);
        let json: serde_json::Value =
            serde_json::from_str(&fs::read_to_string(exported(&lab, "json")).unwrap()).unwrap();
        assert_eq!(json["bands"].as_array().unwrap().len(), finished.len());
        assert!(json["metadata"]["outcome"].is_null());
    }
    let told = live.end().await;
    assert!(told.status.success(), "{}", told.transcript());
    check_csv(&lab);
    check_json(&lab);
}

fn check_csv(lab: &Lab) {
    let csv = exported(lab, "csv");
    let id = Stored::latest(lab).unwrap().record.header.id;
    let expected = format!("progressive_scaling_results_{}.csv", id.replace('-', "_"));
    assert_eq!(csv.file_name().unwrap().to_str().unwrap(), expected);
    let text = fs::read_to_string(csv).unwrap();
    assert!(text.starts_with(COLUMNS), "{text}");
    let rows = rows(&text);
    let sizes: Vec<_> = rows
        .iter()
        .map(|row| ["band", "workers", "connections"].map(|name| cell(row, name)))
        .collect();
    assert_eq!(sizes, [["1", "2", "1"], ["2", "4", "2"], ["3", "6", "3"]]);
    for row in &rows {
        let number = |name: &str| cell(row, name).parse::<f64>().unwrap();
        assert!(number("tps") > 0.0 && number("duration_seconds") >= 0.9, "{row:?}");
        assert!(number("p50_latency_ms") <= number("p99_latency_ms"), "{row:?}");
        let per_worker = number("tps") / number("workers");
        assert!((number("efficiency_tps_per_worker") - per_worker).abs() < 0.01, "{row:?}");
        assert_eq!(cell(row, "bottleneck_type"), "none");
        assert_eq!(cell(row, "status"), "finished");
    }
    assert_eq!(cell(&rows[0], "scaling_region"), "baseline");
    // The first band has none before it to gain on.
    assert_eq!(cell(&rows[0], "marginal_gain_tps_per_worker"), "");
    assert!(cell(&rows[1], "marginal_gain_tps_per_worker").parse::<f64>().is_ok());
}

fn check_json(lab: &Lab) {
    let text = fs::read_to_string(exported(lab, "json")).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let keys = |value: &serde_json::Value| -> BTreeSet<String> {
        value.as_object().unwrap().keys().cloned().collect()
    };
    for key in ["metadata", "configuration", "bands", "analysis"] {
        assert!(keys(&json).contains(key), "no {key} in {text}");
    }
    let metadata = &json["metadata"];
    assert_eq!(metadata["bands_tested"], 3);
    assert_eq!(metadata["outcome"]["exit_code"], 0);
    assert_eq!(metadata["plugins"][0]["name"], "stormdb-simple");
    assert_eq!(json["configuration"]["max_workers"], 6);
    let bands = json["bands"].as_array().unwrap();
    assert_eq!(bands.len(), 3);
    for band in bands {
        assert!(band["performance"]["tps"].as_f64().unwrap() > 0.0, "{band}");
        assert!(band["analysis"]["scaling_region"].is_string(), "{band}");
    }
    // What is not known is null, and says why.
    assert!(bands[0]["analysis"]["marginal_gain_tps_per_worker"].is_null());
    let reason = bands[0]["reasons"]["marginal_gain_tps_per_worker"].as_str().unwrap();
    assert!(json["reasons"][reason].is_string(), "{reason} has no sentence");
    assert!(!text.contains("NaN"), "{text}");
}
