//! What is said of an open loop: which rates were reached, and no verdict by workers.

use expect_test::{Expect, expect};
use serde_json::Value;
use stormdb_report::{format, screen::Style, terminal};
use stormdb_run::{
    config::run_config::{ArrivalProcess, Arrivals},
    latency::LatencyHistogram,
    measurement::ArrivalTally,
    record::{BandStatus, RunRecord},
};

use crate::record::{report, run};

/// A run of bands with these workers, arrival rates, and rates at which operations began.
fn open_loop(bands: &[(u32, f64, f64)]) -> RunRecord {
    let closed: Vec<_> =
        bands.iter().map(|&(workers, _, begun)| (workers, workers, begun)).collect();
    let mut record = run(&closed);
    for (index, &(_, rate, begun)) in bands.iter().enumerate() {
        let arrivals = Some(Arrivals { rate, process: ArrivalProcess::Poisson });
        record.header.plan.bands[index].arrivals = arrivals;
        record.bands[index].plan.arrivals = arrivals;
        let BandStatus::Finished { measurement } = &mut record.bands[index].status else {
            panic!("every band finished");
        };
        let mut lateness = LatencyHistogram::default();
        (0..1000).for_each(|_| lateness.record(30_000));
        let unstarted = ((rate - begun) * measurement.seconds).round() as u64;
        measurement.arrivals = Some(ArrivalTally { unstarted, lateness });
    }
    record
}

/// The report up to the table of figures.
fn check(record: &RunRecord, expected: &Expect) {
    let text = terminal::whole(&report(record), Style::default());
    let (shown, _) = text.split_once("\n\nfigures").unwrap_or((&text, ""));
    expected.assert_eq(&format!("{}\n", shown.trim_end()));
}

fn json(record: &RunRecord) -> Value {
    let text = format::named("json").unwrap().render(&report(record)).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn a_ladder_of_rates_says_which_is_the_highest_that_was_reached() {
    let rates = [(16, 500.0, 500.0), (16, 1000.0, 999.0), (16, 2000.0, 1400.0)];
    check(
        &open_loop(&rates),
        &expect![[r#"
            stormdb 0.1.0  imdb on PostgreSQL 18.4 (embedded)  run 20241215-143022
            plan  3 bands, exponential, 16 workers, 16 connections, 500-2,000/s arriving (poisson), 60s each (5s warm-up, 2s rest); about 3m 21s
            load  1,000 movies, seed 42

             band workers  conns  asked/s  begun/s unstarted      TPS    ±95%   p95 ms  svc p95 errors  verdict
              1/3      16     16      500      500         0      500     0.7     46.3     46.3      0  reached
              2/3      16     16    1,000      999        60      999     1.4     23.3     23.3      0  reached
              3/3      16     16    2,000    1,400    36,000    1,400     1.9     16.5     16.5      0  SHORT

            TPS by arrival rate
              500/s ##############                                  500
            1,000/s #############################                   999
            2,000/s ########################################      1,400

            rate     1,000/s is the highest reached (band 2, p95 23.3 ms from the scheduled start); 2,000/s is
                     the lowest that was not
            rate     band 3: NOT REACHED, 1,400/s of 2,000/s, 36,000 operations never began; workers were busy
                     100% of the time: add workers, unless the server is the limit
            queueing service 32.0 ms at the lowest rate; at 2,000/s 16 workers would be busy 400% of the time:
                     unstable, the queue grows by 1,500 operations a second, measured 0.000 ms
            warning  the 3 bands ran in the order of their load, each once: what changes with time, such as
                     caches and bloat, looks like an effect of the load
        "#]],
    );
}

#[test]
fn rates_that_were_all_reached() {
    check(
        &open_loop(&[(8, 300.0, 300.0)]),
        &expect![[r#"
            stormdb 0.1.0  imdb on PostgreSQL 18.4 (embedded)  run 20241215-143022
            plan  1 band, 8 workers, 8 connections, 300/s arriving (poisson), 60s each (5s warm-up, 2s rest); about 67s
            load  1,000 movies, seed 42

             band workers  conns  asked/s  begun/s unstarted      TPS    ±95%   p95 ms  svc p95 errors  verdict
              1/1       8      8      300      300         0      300     0.4     38.7     38.7      0  reached

            rate     300/s reached, p95 38.7 ms from the scheduled start
            queueing service 26.7 ms at the lowest rate; at 300/s 8 workers would be busy 100% of the time: too
                     near to 1 for an expected wait, measured 0.000 ms
            warning  fewer than 20 operations lie beyond p99.9 in band 1: read these as rough, or measure for
                     longer
        "#]],
    );
}

#[test]
fn more_workers_for_the_same_rate() {
    let bands = [(2, 800.0, 500.0), (4, 800.0, 799.9), (8, 800.0, 800.0)];
    check(
        &open_loop(&bands),
        &expect![[r#"
            stormdb 0.1.0  imdb on PostgreSQL 18.4 (embedded)  run 20241215-143022
            plan  3 bands, exponential, 2-8 workers, 2-8 connections, 800/s arriving (poisson), 60s each (5s warm-up, 2s rest); about 3m 21s
            load  1,000 movies, seed 42

             band workers  conns  asked/s  begun/s unstarted      TPS    ±95%   p95 ms  svc p95 errors  verdict
              1/3       2      2      800      500    18,000      500     0.7     5.78     5.78      0  SHORT
              2/3       4      4      800      800         6      800     1.1     7.26     7.26      0  reached
              3/3       8      8      800      800         0      800     1.1     14.5     14.5      0  reached

            TPS by workers
                 2 #########################                       500
                 4 ########################################        800
                 8 ########################################        800

            rate     800/s reached in bands 2, 3, and not in band 1
            rate     band 1: NOT REACHED, 500/s of 800/s, 18,000 operations never began; workers were busy 100%
                     of the time: add workers, unless the server is the limit
            queueing service 4.00 ms at the lowest rate; at 800/s 2 workers would be busy 160% of the time:
                     unstable, the queue grows by 300 operations a second, measured 0.000 ms
            warning  the 3 bands ran in the order of their load, each once: what changes with time, such as
                     caches and bloat, looks like an effect of the load
        "#]],
    );
}

/// Why a rate was not reached, by how busy executors and workers were.
#[test]
fn the_limit_is_named() {
    let limit = |executor: f64, utilisation: f64| {
        let mut record = open_loop(&[(16, 2000.0, 1400.0)]);
        if let BandStatus::Finished { measurement } = &mut record.bands[0].status {
            measurement.executor_loads[1].utilisation = executor;
            measurement.connection_utilisation = utilisation;
        }
        let findings = report(&record).findings;
        assert!(findings[0].text.starts_with("none reached"), "{findings:?}");
        findings[1].text.clone()
    };
    assert!(limit(0.97, 1.0).contains("the generator is the limit"));
    assert!(limit(0.3, 0.99).contains("workers were busy 99% of the time"));
    assert!(limit(0.3, 0.3).contains("workers were busy only 30% of the time"));
}

/// Up to one operation per worker may be due and not begun when the phase ends.
#[test]
fn what_waits_at_the_end_of_a_short_band_is_no_shortfall() {
    let record = open_loop(&[(16, 20.0, 20.0 - 16.0 / 60.0)]);
    assert!(report(&record).findings[0].text.contains("20.0/s reached"));
    let record = open_loop(&[(15, 20.0, 20.0 - 16.0 / 60.0)]);
    assert!(report(&record).findings[0].text.contains("none reached"));
}

#[test]
fn the_json_has_asked_and_achieved_rates_and_no_optimum() {
    let document = json(&open_loop(&[(16, 1000.0, 999.0), (16, 2000.0, 1400.0)]));
    let band = &document["bands"][1]["performance"];
    let figures: Vec<f64> = ["arrival_rate", "achieved_rate", "unstarted", "p50_lateness_ms"]
        .iter()
        .map(|name| band[name].as_f64().unwrap())
        .collect();
    assert_eq!(figures[..3], [2000.0, 1400.0, 36_000.0]);
    assert!((figures[3] - 0.03).abs() < 1e-3);
    let analysis = &document["analysis"];
    assert_eq!(analysis["optimal_configuration"], Value::Null);
    assert_eq!(analysis["reasons"]["optimal_configuration"], "open-loop");
    assert_eq!(analysis["reasons"]["scaling_regions"], "open-loop");
    assert_eq!(document["bands"][0]["reasons"]["littles_law_ratio"], "open-loop");
    assert_eq!(document["warnings"], Value::Array(Vec::new()));
}

#[test]
fn a_closed_loop_says_what_its_latencies_hide() {
    let document = json(&run(&[(1, 1, 100.0)]));
    let ids: Vec<&str> = document["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it["id"].as_str())
        .collect();
    assert_eq!(ids, ["few-beyond-percentile", "closed-loop"]);
}
