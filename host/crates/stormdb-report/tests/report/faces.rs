//! CSV, JSON and text: their layout, and that they show the same figures.

use expect_test::expect;
use serde_json::Value;
use stormdb_report::{
    format::named,
    metric::METRICS,
    number::{decimals, rate, scaled},
};
use stormdb_run::record::RunRecord;

use crate::record::{DOCUMENTED, add_errors, failed, report, run};

fn render(record: &RunRecord, format: &str) -> String {
    named(format).unwrap().render(&report(record)).unwrap()
}

fn json(record: &RunRecord) -> Value {
    serde_json::from_str(&render(record, "json")).unwrap()
}

fn with_a_failure() -> RunRecord {
    let mut record = run(&DOCUMENTED[..3]);
    let plan = record.bands[2].plan.clone();
    record.bands[2] = failed(plan, "plugin-panicked", "operation read_1 panicked");
    add_errors(&mut record.bands[1], "deadlock-detected", Some("40P01"), 3, "deadlock detected");
    record
}

#[test]
fn the_csv_begins_with_the_v02_columns() {
    let csv = render(&with_a_failure(), "csv");
    let v02: Vec<_> =
        csv.lines().map(|line| line.split(',').take(15).collect::<Vec<_>>().join(",")).collect();
    expect![[r#"
        band,workers,connections,duration_seconds,tps,avg_latency_ms,p50_latency_ms,p95_latency_ms,p99_latency_ms,std_dev_latency,errors,efficiency_tps_per_worker,marginal_gain_tps_per_worker,scaling_region,bottleneck_type
        1,10,20,60,1234.5,8.1004,8.1101,11.7637,12.0914,2.3384,0,123.45,,baseline,none
        2,14,28,60,1678.3,8.3418,8.3395,12.0914,12.4191,2.4081,3,119.8786,110.95,linear,none
        3,20,40,,,,,,,,,,,,
    "#]].assert_eq(&(v02.join("\n") + "\n"));
}

#[test]
fn every_row_of_the_csv_has_every_column() {
    let csv = render(&with_a_failure(), "csv");
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let columns = reader.headers().unwrap().clone();
    assert_eq!(columns.len(), METRICS.len() + 6);
    let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
    let cell = |row: usize, name: &str| {
        rows[row][columns.iter().position(|column| column == name).unwrap()].to_owned()
    };
    assert_eq!(cell(1, "errors_by_class"), "deadlock-detected=3");
    assert_eq!([0, 1, 2].map(|row| cell(row, "status")), ["finished", "finished", "failed"]);
    assert_eq!([1, 2].map(|row| cell(row, "failure")), ["", "plugin-panicked"]);
    assert_eq!([1, 2].map(|row| cell(row, "attempt")), ["1", "2"]);
    assert_eq!([1, 2].map(|row| cell(row, "bottleneck_type")), ["none", ""]);
    assert_eq!(cell(2, "tps"), "");
}

#[test]
fn the_json_of_a_band() {
    let mut band = json(&with_a_failure())["bands"][1].take();
    // The next tests show them.
    band.as_object_mut().unwrap().remove("reasons");
    band.as_object_mut().unwrap().shift_remove("analysis");
    expect![[r#"
        {
          "band_number": 2,
          "workers": 14,
          "connections": 28,
          "duration_seconds": 60.0,
          "attempt": 1,
          "status": "finished",
          "failure": null,
          "repeat": 1,
          "purpose": "planned",
          "placement": null,
          "ending": null,
          "performance": {
            "tps": 1678.3,
            "avg_latency_ms": 8.3418,
            "p50_latency_ms": 8.3395,
            "p95_latency_ms": 12.0914,
            "p99_latency_ms": 12.4191,
            "std_dev_latency": 2.4081,
            "errors": 3,
            "tps_ci95_half_width": 2.2745,
            "qps": 3356.6,
            "p999_latency_ms": 12.4846,
            "max_latency_ms": 12.5126,
            "variance_latency_ms2": 5.7988,
            "coefficient_of_variation_latency": 0.2887,
            "avg_service_ms": 8.3418,
            "p95_service_ms": 12.0914,
            "avg_pool_wait_ms": null,
            "p95_pool_wait_ms": null,
            "connection_utilisation": 0.5,
            "error_rate": 0.00003,
            "errors_by_class": "deadlock-detected=3",
            "retries": 0,
            "cancelled_at_drain": 0,
            "operations": 100698,
            "rows_read": 1006980,
            "rows_written": 0,
            "executors": 2,
            "client_cpu_seconds": 12.5,
            "client_peak_rss_bytes": 67108864,
            "executor_utilisation": 0.25,
            "p99_scheduling_lag_ms": 0.1001,
            "max_scheduling_lag_ms": 1.0,
            "arrival_rate": null,
            "achieved_rate": null,
            "unstarted": null,
            "p99_service_ms": 12.4191,
            "p50_lateness_ms": null,
            "p99_lateness_ms": null,
            "p95_latency_ci95_half_width_ms": 0.0462,
            "p99_latency_ci95_half_width_ms": null
          },
          "bottleneck": null,
          "errors": [
            {
              "class": "deadlock-detected",
              "sqlstate": "40P01",
              "count": 3,
              "rate": 0.00003,
              "example": "deadlock detected"
            }
          ],
          "operations": [],
          "evidence": null
        }
    "#]]
    .assert_eq(&format!("{band:#}\n"));
}

#[test]
fn the_json_of_the_analysis_of_a_band() {
    let band = json(&with_a_failure())["bands"][1]["analysis"].take();
    expect![[r#"
        {
          "efficiency_tps_per_worker": 119.8786,
          "marginal_gain_tps_per_worker": 110.95,
          "scaling_region": "linear",
          "bottleneck_type": "none",
          "tps_per_connection": 59.9393,
          "relative_gain": 1.0,
          "relative_efficiency": 0.9711,
          "efficiency_class": "excellent",
          "second_derivative": null,
          "littles_law_ratio": 1.0,
          "scaling_region_probability": 1.0,
          "scaling_region_alternative": null,
          "optimal_probability": 1.0,
          "repeats": 1,
          "pooled_tps": null,
          "pooled_tps_ci95_half_width": null,
          "pooled_tps_ci95_source": null
        }
    "#]]
    .assert_eq(&format!("{band:#}\n"));
}

#[test]
fn the_json_of_a_band_names_why_figures_are_null() {
    expect![[r#"
        {
          "achieved_rate": "closed-loop",
          "arrival_rate": "closed-loop",
          "avg_pool_wait_ms": "own-connections",
          "bottleneck_type": "not-sampled",
          "p50_lateness_ms": "closed-loop",
          "p95_pool_wait_ms": "own-connections",
          "p99_latency_ci95_half_width_ms": "too-few-in-batch",
          "p99_lateness_ms": "closed-loop",
          "pooled_tps": "not-repeated",
          "pooled_tps_ci95_half_width": "not-repeated",
          "pooled_tps_ci95_source": "not-repeated",
          "scaling_region_alternative": "certain",
          "second_derivative": "edge-band",
          "unstarted": "closed-loop"
        }
    "#]]
    .assert_eq(&format!("{:#}\n", json(&with_a_failure())["bands"][1]["reasons"]));
}

#[test]
fn the_json_of_a_failed_band_has_a_reason_for_every_null() {
    let json = json(&with_a_failure());
    let band = &json["bands"][2];
    assert_eq!(band["status"], "failed");
    assert_eq!(band["failure"]["id"], "plugin-panicked");
    for section in ["performance", "analysis"] {
        for (name, figure) in band[section].as_object().unwrap() {
            assert!(figure.is_null(), "{name}: {figure}");
            assert_eq!(band["reasons"][name], "band-failed", "{name}");
        }
    }
    assert_eq!(json["reasons"]["band-failed"], "the band failed and has no measurement");
}

/// One line per key.
fn keys(value: &Value) -> String {
    let entries = value.as_object().unwrap().iter();
    entries.map(|(key, value)| format!("{key}: {value}\n")).collect()
}

#[test]
fn the_json_before_the_bands() {
    let json = json(&run(&DOCUMENTED));
    expect![[r#"
        test_name: "progressive_scaling_analysis"
        layout: "v0.2"
        version: "0.1.0"
        run_id: "20241215-143022"
        timestamp: "2024-12-15T14:30:22Z"
        duration_total_seconds: null
        duration_planned_seconds: 402.0
        strategy: "exponential"
        bands_planned: 6
        bands_tested: 6
        repeats: 1
        search_end: null
        workload_type: "imdb"
        scale: 1000
        scale_unit: "movies"
        seed: 42
        server_title: "PostgreSQL 18.4 (embedded)"
        server: null
        plugins: [{"name":"stormdb-imdb","version":"1.0.0","author":"demo","key_fingerprint":"SHA256:abc","sha256":"00ff"}]
        machine: {"cores":2,"memory_bytes":8589934592,"kernel":"Linux 6.1"}
        outcome: {"outcome":"complete","exit_code":0}
        reasons: {"duration_total_seconds":"not-recorded"}
        min_workers: 10
        max_workers: 60
        min_connections: 20
        max_connections: 120
        test_duration: "60s"
        warmup_duration: "5s"
        cooldown_duration: "2s"
        resolved: {"target":{"kind":"embedded"}}
    "#]].assert_eq(&(keys(&json["metadata"]) + &keys(&json["configuration"])));
}

#[test]
fn the_json_of_the_analysis() {
    let json = json(&run(&DOCUMENTED));
    expect![[r#"
        optimal_configuration: {"band_number":4,"workers":28,"connections":56,"tps":2534.2,"tps_ci95_half_width":3.4263,"p95_latency_ms":16.0236,"runs":1,"efficiency":90.5071,"confidence":null,"confirmed":true,"plausible_bands":[4,5,6]}
        highest_throughput: {"band_number":5,"workers":40,"connections":80,"tps":2623.1,"tps_ci95_half_width":3.564,"p95_latency_ms":22.0856,"runs":1}
        scaling_regions: {"baseline":{"bands":[1]},"linear_scaling":{"bands":[2,3]},"diminishing_returns":{"bands":[4]},"saturation":{"bands":[5]},"degradation":{"bands":[6]}}
        breaking_point: {"band_number":6,"workers":60,"connections":120,"tps":2591.4,"tps_ci95_half_width":3.5381,"p95_latency_ms":33.6855,"runs":1,"reasons":["response_time"],"response_exponent":1.0411}
        confirmation: null
        knee: {"band_number":4,"workers":28,"connections":56,"tps":2534.2,"tps_ci95_half_width":3.4263,"p95_latency_ms":16.0236,"runs":1}
        region_probabilities: {"curves":2000,"bands":[{"band_number":1,"regions":{"baseline":1.0},"candidates":["baseline"],"optimal":0.0},{"band_number":2,"regions":{"linear":1.0},"candidates":["linear"],"optimal":0.0},{"band_number":3,"regions":{"linear":1.0},"candidates":["linear"],"optimal":0.0},{"band_number":4,"regions":{"diminishing":1.0},"candidates":["diminishing"],"optimal":1.0},{"band_number":5,"regions":{"saturation":1.0},"candidates":["saturation"],"optimal":0.0},{"band_number":6,"regions":{"degradation":0.9865,"saturation":0.0135},"candidates":["degradation"],"optimal":0.0}]}
        inflection_points: []
        elasticity: {"log_log":{"slope":0.413664,"standard_error":0.0958168,"r_squared":0.82331,"n":6},"steps":[{"from_band":1,"to_band":2,"gain_tps":443.8,"gain_tps_ci95":[441.142,446.458],"p_value":1.39776e-36,"adjusted_p_value":6.98882e-36,"significant":true,"elasticity":0.914172,"elasticity_ci95":[0.90869,0.919528]},{"from_band":2,"to_band":3,"gain_tps":478.4,"gain_tps_ci95":[474.951,481.849],"p_value":4.4929e-36,"adjusted_p_value":1.79716e-35,"significant":true,"elasticity":0.706893,"elasticity_ci95":[0.701898,0.712018]},{"from_band":3,"to_band":4,"gain_tps":377.5,"gain_tps_ci95":[373.3,381.7],"p_value":3.85072e-33,"adjusted_p_value":1.15522e-32,"significant":true,"elasticity":0.48285,"elasticity_ci95":[0.477255,0.488265]},{"from_band":4,"to_band":5,"gain_tps":88.9,"gain_tps_ci95":[84.2712,93.5288],"p_value":1.48818e-20,"adjusted_p_value":2.97636e-20,"significant":true,"elasticity":0.0976803,"elasticity_ci95":[0.0920599,0.103097]},{"from_band":5,"to_band":6,"gain_tps":-31.7,"gain_tps_ci95":[-36.4016,-26.9984],"p_value":7.84879e-12,"adjusted_p_value":7.84879e-12,"significant":true,"elasticity":-0.030396,"elasticity_ci95":[-0.0351769,-0.0258091]}]}
        mathematical_models: {"load":"workers","bands":[1,2,3,4,5,6],"weighted":true,"best":"logistic","not_told_apart":["logistic"],"predicted_peak":{"state":"rejected","p_value":0.0},"models":[{"name":"linear","coefficients":{"a":{"value":31.3329,"standard_error":0.0311978},"b":{"value":1157.22,"standard_error":0.800164}},"r_squared":0.64666,"leave_one_out_rmse_tps":611.508,"chi_square":390631.0,"p_value":0.0,"rejected":true,"aic":390635.0,"reason":null},{"name":"logarithmic","coefficients":{"a":{"value":899.63,"standard_error":0.796959},"b":{"value":-743.254,"standard_error":2.30849}},"r_squared":0.860019,"leave_one_out_rmse_tps":345.441,"chi_square":125056.0,"p_value":0.0,"rejected":true,"aic":125060.0,"reason":null},{"name":"exponential","coefficients":{"a":{"value":1352.12,"standard_error":0.610319},"b":{"value":0.0131109,"standard_error":0.000013074}},"r_squared":0.580473,"leave_one_out_rmse_tps":765.075,"chi_square":510395.0,"p_value":0.0,"rejected":true,"aic":510399.0,"reason":null},{"name":"logistic","coefficients":{"L":{"value":2625.31,"standard_error":1.0951},"k":{"value":0.170742,"standard_error":0.000361211},"x0":{"value":10.6983,"standard_error":0.0074119}},"r_squared":0.99791,"leave_one_out_rmse_tps":44.2881,"chi_square":1522.38,"p_value":0.0,"rejected":true,"aic":1528.38,"reason":null},{"name":"usl","coefficients":{"kappa":{"value":0.000565919,"standard_error":1.31934e-6},"lambda":{"value":135.236,"standard_error":0.172211},"sigma":{"value":0.00297367,"standard_error":0.000115927}},"r_squared":0.994099,"leave_one_out_rmse_tps":102.015,"chi_square":5177.3,"p_value":0.0,"rejected":true,"aic":5183.3,"reason":null}]}
        queueing: {"loop":"closed","service_time_ms":0.381228,"service_time_source":"saturation","round_trips_known":null,"base_band":1,"base_response_ms":8.10045,"bottleneck":{"servers":1.0,"servers_known":false,"throughput_max_tps":2623.1,"knee_workers":21.2483},"bands":[{"band_number":1,"bound_tps":1234.5,"bound_response_ms":8.10045,"expected_tps":1198.8,"expected_response_ms":8.34165,"tps_residual":0.0297768,"tps_residual_ci95_half_width":0.00139432,"response_residual":-0.0289158,"expected_pool_wait_ms":null,"measured_pool_wait_ms":null},{"band_number":2,"bound_tps":1728.3,"bound_response_ms":8.10045,"expected_tps":1637.57,"expected_response_ms":8.54924,"tps_residual":0.0248706,"tps_residual_ci95_half_width":0.00138895,"response_residual":-0.0242671,"expected_pool_wait_ms":null,"measured_pool_wait_ms":null},{"band_number":3,"bound_tps":2469.0,"bound_response_ms":8.10045,"expected_tps":2189.86,"expected_response_ms":9.13298,"tps_residual":-0.0151447,"tps_residual_ci95_half_width":0.00131631,"response_residual":0.0153776,"expected_pool_wait_ms":null,"measured_pool_wait_ms":null},{"band_number":4,"bound_tps":2623.1,"bound_response_ms":10.6744,"expected_tps":2568.51,"expected_response_ms":10.9013,"tps_residual":-0.013357,"tps_residual_ci95_half_width":0.00133396,"response_residual":0.0135378,"expected_pool_wait_ms":null,"measured_pool_wait_ms":null},{"band_number":5,"bound_tps":2623.1,"bound_response_ms":15.2491,"expected_tps":2623.01,"expected_response_ms":15.2497,"tps_residual":0.0000354971,"tps_residual_ci95_half_width":0.00135875,"response_residual":-0.0000355286,"expected_pool_wait_ms":null,"measured_pool_wait_ms":null},{"band_number":6,"bound_tps":2623.1,"bound_response_ms":22.8737,"expected_tps":2623.1,"expected_response_ms":22.8737,"tps_residual":-0.0120849,"tps_residual_ci95_half_width":0.00134883,"response_residual":0.0122327,"expected_pool_wait_ms":null,"measured_pool_wait_ms":null}]}
        cost_benefit: null
        bottleneck_analysis: null
        verdict: [{"label":"best","text":"28 workers, 56 connections: 2,534 TPS, p95 16.0 ms (within 5% of the highest measured, 30% fewer workers, confirmed by ±95%)","tone":"good"},{"label":"limit","text":"throughput stops growing between 28 and 40 workers and falls at 60; the cause is not determined","tone":"neutral"},{"label":"latency","text":"60 workers, 120 connections: p95 is 53% above the band before, no more than waiting in line explains","tone":"neutral"},{"label":"model","text":"USL does not describe the bands within their errors, so that no peak is predicted; no curve describes them, the nearest is logistic, off by 44.3 TPS at a band left out","tone":"neutral"},{"label":"queueing","text":"service 0.381 ms (from the saturated bands); at most 2,623 TPS, from 21.2 workers on; the bands are within 3.0% of what that leaves","tone":"neutral"}]
        reasons: {"bottleneck_analysis":"not-sampled","cost_benefit":"no-cost"}
        certain: "the region is at least 80 % probable"
        closed-loop: "each worker begins its next operation when its last one has ended: no rate was asked for"
        edge-band: "the curvature needs a band on either side"
        first-band: "the smallest band has none before it to compare with"
        no-cost: "the configuration names no `cost`"
        not-recorded: "the record of the run does not hold it"
        not-repeated: "the load of the band was measured once"
        not-sampled: "the activity of the server was not sampled, so that nothing says what the time went to"
        own-connections: "every worker has its own connection, so that there is no pool to wait for"
        too-few-in-batch: "too few operations for an interval of this percentile: a batch has less than 20 beyond it"
    "#]].assert_eq(&(keys(&json["analysis"]) + &keys(&json["reasons"])));
}

#[test]
fn the_text_ends_with_every_figure() {
    let text = render(&with_a_failure(), "text");
    let (_, figures) = text.split_once("\n\nfigures").unwrap();
    expect![[r#"
                                         band 1        band 2
        duration_seconds                            60            60
        tps                                    1,234.5       1,678.3
        avg_latency_ms                          8.1004        8.3418
        p50_latency_ms                          8.1101        8.3395
        p95_latency_ms                         11.7637       12.0914
        p99_latency_ms                         12.0914       12.4191
        std_dev_latency                         2.3384        2.4081
        errors                                       0             3
        efficiency_tps_per_worker               123.45      119.8786
        marginal_gain_tps_per_worker                 -        110.95
        scaling_region                        baseline        linear
        tps_ci95_half_width                     1.6715        2.2745
        qps                                      2,469       3,356.6
        tps_per_connection                      61.725       59.9393
        p999_latency_ms                        12.1506       12.4846
        max_latency_ms                         12.1506       12.5126
        variance_latency_ms2                    5.4682        5.7988
        coefficient_of_variation_latency        0.2887        0.2887
        avg_service_ms                          8.1004        8.3418
        p95_service_ms                         11.7637       12.0914
        connection_utilisation                     0.5           0.5
        error_rate                                   0       0.00003
        retries                                      0             0
        cancelled_at_drain                           0             0
        operations                              74,070       100,698
        rows_read                              740,700     1,006,980
        rows_written                                 0             0
        relative_gain                                -             1
        relative_efficiency                          1        0.9711
        efficiency_class                     excellent     excellent
        littles_law_ratio                            1             1
        executors                                    2             2
        client_cpu_seconds                        12.5          12.5
        client_peak_rss_bytes               67,108,864    67,108,864
        executor_utilisation                      0.25          0.25
        p99_scheduling_lag_ms                   0.1001        0.1001
        max_scheduling_lag_ms                        1             1
        p99_service_ms                         12.0914       12.4191
        scaling_region_probability                   1             1
        optimal_probability                          0             1
        repeats                                      1             1
        p95_latency_ci95_half_width_ms          0.0462        0.0462

        plugin   stormdb-imdb 1.0.0
                 signed by demo with key SHA256:abc
                 sha256 00ff
    "#]]
    .assert_eq(figures);
}

#[test]
fn null_figures_of_the_json_and_only_they_have_a_reason() {
    let json = json(&with_a_failure());
    for band in json["bands"].as_array().unwrap() {
        for &metric in METRICS {
            let figure = ["performance", "analysis"]
                .iter()
                .find_map(|section| band[section].get(metric.name))
                .unwrap_or(&band[metric.name]);
            let absent = figure.is_null() || metric.absent_word.is_some();
            let reason = &band["reasons"][metric.name];
            assert_eq!(absent, reason.is_string(), "{}: {figure} {reason}", metric.name);
            if let Some(reason) = reason.as_str() {
                assert!(json["reasons"][reason].is_string(), "{reason} has no sentence");
            }
        }
    }
}

#[test]
fn all_faces_show_the_same_figures() {
    let mut record = run(&DOCUMENTED);
    add_errors(&mut record.bands[5], "deadlock-detected", Some("40P01"), 8, "deadlock detected");
    let json = json(&record);
    let text = render(&record, "text");
    let csv = render(&record, "csv");
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let columns = reader.headers().unwrap().clone();
    let lines: Vec<_> = text.lines().filter(|line| line.trim_start().contains("/6 ")).collect();
    assert_eq!(lines.len(), record.bands.len());

    for (row, (band, line)) in
        reader.records().zip(json["bands"].as_array().unwrap().iter().zip(&lines))
    {
        let row = row.unwrap();
        for (&metric, written) in METRICS.iter().zip(row.iter().skip(3)) {
            let figure = ["performance", "analysis"]
                .iter()
                .find_map(|section| band[section].get(metric.name))
                .unwrap_or(&band[metric.name]);
            match figure {
                Value::Null => assert_eq!(written, "", "{}", metric.name),
                Value::String(word) => assert_eq!(written, word, "{}", metric.name),
                number => {
                    let written: f64 = written.parse().unwrap();
                    assert_eq!(Some(written), number.as_f64(), "{}", metric.name);
                }
            }
        }
        let number = |name: &str| {
            let place = columns.iter().position(|column| column == name).unwrap();
            row[place].parse::<f64>().unwrap()
        };
        for shown in [
            rate(number("tps")),
            decimals(number("tps_ci95_half_width"), 1),
            scaled(number("p50_latency_ms")),
            scaled(number("p95_latency_ms")),
            scaled(number("p99_latency_ms")),
            scaled(number("efficiency_tps_per_worker")),
            number("errors").to_string(),
        ] {
            assert!(line.split_whitespace().any(|word| word == shown), "{shown} is not in {line}");
        }
    }
    let best = &json["analysis"]["optimal_configuration"];
    let sentence = format!(
        "best     {} workers, {} connections: {} TPS, p95 {} ms",
        best["workers"],
        best["connections"],
        rate(best["tps"].as_f64().unwrap()),
        scaled(best["p95_latency_ms"].as_f64().unwrap())
    );
    assert!(text.contains(&sentence), "{sentence}");
}

#[test]
fn an_unknown_format_names_the_known_ones() {
    assert_eq!(
        named("xls").unwrap_err().to_string(),
        "unknown report format `xls`; known: text, json, csv, markdown, junit"
    );
    assert_eq!(named("text").unwrap().extension, "txt");
}
