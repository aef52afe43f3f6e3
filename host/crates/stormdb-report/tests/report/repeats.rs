//! Loads that were measured several times: one point, one line, and the wider of two intervals.

use serde_json::Value;
use stormdb_report::{format::named, screen::Style, terminal};
use stormdb_run::record::RunRecord;

use crate::record::{report, run};

/// Three loads, up, down and up again; the third time the largest one is 9 % slower.
const UP_AND_DOWN: [(u32, u32, f64); 9] = [
    (4, 4, 400.0),
    (8, 8, 780.0),
    (16, 16, 1000.0),
    (16, 16, 1000.0),
    (8, 8, 784.0),
    (4, 4, 402.0),
    (4, 4, 401.0),
    (8, 8, 782.0),
    (16, 16, 910.0),
];

fn json(record: &RunRecord) -> Value {
    serde_json::from_str(&named("json").unwrap().render(&report(record)).unwrap()).unwrap()
}

#[test]
fn repeats_are_one_point_and_keep_their_rows() {
    let document = json(&run(&UP_AND_DOWN));
    assert_eq!(document["bands"].as_array().unwrap().len(), 9);
    let best = &document["analysis"]["optimal_configuration"];
    assert_eq!((best["workers"].as_u64(), best["runs"].as_u64()), (Some(16), Some(3)));
    assert!((best["tps"].as_f64().unwrap() - 970.0).abs() < 1e-9, "{best}");
    let regions = &document["analysis"]["scaling_regions"];
    assert_eq!(regions["baseline"]["bands"], serde_json::json!([1, 6, 7]));
    let band = &document["bands"][8]["analysis"];
    assert_eq!(band["repeats"], 3);
    assert!((band["pooled_tps"].as_f64().unwrap() - 970.0).abs() < 1e-9, "{band}");
}

#[test]
fn the_interval_between_runs_is_taken_where_it_is_the_wider_one() {
    let document = json(&run(&UP_AND_DOWN));
    let last = &document["bands"][8];
    let within = last["performance"]["tps_ci95_half_width"].as_f64().unwrap();
    let between = last["analysis"]["pooled_tps_ci95_half_width"].as_f64().unwrap();
    assert_eq!(last["analysis"]["pooled_tps_ci95_source"], "between_runs");
    // t(0.975, 2) * sd / sqrt(3) of 1000, 1000 and 910.
    assert!((between - 4.302_652_7 * 30.0).abs() < 0.01 && within < 5.0, "{within} {between}");
}

#[test]
fn the_text_says_of_how_many_runs_and_draws_one_bar_each() {
    let record = run(&UP_AND_DOWN);
    let text = terminal::whole(&report(&record), Style::default());
    assert!(text.contains("970 TPS (mean of 3)"), "{text}");
    let chart = text.split_once("TPS by workers\n").unwrap().1;
    let bars = chart.lines().take_while(|line| line.contains('#'));
    assert_eq!(bars.count(), 3, "{text}");
}

#[test]
fn repeats_in_turn_do_not_run_in_the_order_of_their_load() {
    let warns = |record: &RunRecord| {
        let ids = report(record).notes.iter().map(|note| note.id.clone()).collect::<Vec<_>>();
        ids.contains(&"ordered-by-load".to_owned())
    };
    assert!(!warns(&run(&UP_AND_DOWN)));
    assert!(warns(&run(&UP_AND_DOWN[..3])));
}

#[test]
fn a_server_that_slows_down_shows_in_all_repeats_together() {
    let slowing: Vec<(u32, u32, f64)> = (0..9_u32)
        .map(|turn| {
            let workers = [4, 8, 16, 16, 8, 4, 4, 8, 16][turn as usize];
            (workers, workers, 50.0 * f64::from(workers) * (1.0 - 0.02 * f64::from(turn)))
        })
        .collect();
    let record = run(&slowing);
    let report = report(&record);
    let note = report.notes.iter().find(|note| note.id == "drift-over-run").unwrap();
    assert!(note.message.contains("fall together"), "{}", note.message);
}
