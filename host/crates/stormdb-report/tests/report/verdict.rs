//! The text report: what is said of a run, and what is not.

use expect_test::{Expect, expect};
use stormdb_report::{screen::Style, terminal};
use stormdb_run::{
    event::{Check, Failure},
    record::{BandStatus, Outcome, RunRecord},
};

use crate::record::{DOCUMENTED, add_errors, executor_load, failed, header, report, run};

/// The report up to the table of figures, which CSV and JSON have as well.
fn check(record: &RunRecord, expected: &Expect) {
    let text = terminal::whole(&report(record), Style::default());
    let (shown, _) = text.split_once("\n\nfigures").unwrap_or((&text, ""));
    expected.assert_eq(&format!("{}\n", shown.trim_end()));
}

#[test]
fn the_documented_ladder() {
    check(
        &run(&DOCUMENTED),
        &expect![[r#"
            stormdb 0.1.0  imdb on PostgreSQL 18.4 (embedded)  run 20241215-143022
            plan  6 bands, exponential, 10-60 workers, 20-120 connections, 60s each (5s warm-up, 2s rest); about 6m 42s
            load  1,000 movies, seed 42

             band workers  conns      TPS    ±95%   p50 ms   p95 ms   p99 ms  gain/wkr  TPS/wkr errors  verdict
              1/6      10     20    1,234     1.7     8.11     11.8     12.1         -    123.5      0  baseline
              2/6      14     28    1,678     2.3     8.34     12.1     12.4    +111.0    119.9      0  scales
              3/6      20     40    2,157     2.9     9.27     13.5     13.8     +79.7    107.8      0  scales
              4/6      28     56    2,534     3.4     11.0     16.0     16.5     +47.2     90.5      0  slowing
              5/6      40     80    2,623     3.6     15.2     22.1     22.7      +7.4     65.6      0  flat
              6/6      60    120    2,591     3.5     23.1     33.7     34.5      -1.6     43.2      0  WORSE

            TPS by workers
                10 ###################                           1,234
                14 ##########################                    1,678
                20 #################################             2,157
                28 #######################################       2,534  <- best
                40 ########################################      2,623
                60 ########################################      2,591

            best     28 workers, 56 connections: 2,534 TPS, p95 16.0 ms (within 5% of the highest measured, 30%
                     fewer workers, confirmed by ±95%)
            limit    throughput stops growing between 28 and 40 workers and falls at 60; the cause is not
                     determined
            latency  60 workers, 120 connections: p95 is 53% above the band before, no more than waiting in line
                     explains
            model    USL does not describe the bands within their errors, so that no peak is predicted; no curve
                     describes them, the nearest is logistic, off by 44.3 TPS at a band left out
            queueing service 0.381 ms (from the saturated bands); at most 2,623 TPS, from 21.2 workers on; the
                     bands are within 3.0% of what that leaves
            advice   let no more than 40 workers work at once: 2,623 TPS, p95 22.1 ms, and 2,591 TPS, p95 33.7
                     ms with 60 workers, 120 connections, 99% sure; next: stormdb run --workload imdb --scale
                     1000 --workers 40 --connections 80
            advice   use 28 workers, 56 connections in place of 60 workers, 120 connections (p95 -52%): 2,534
                     TPS, p95 16.0 ms against 2,591 TPS, p95 33.7 ms; next: stormdb run --workload imdb --scale
                     1000 --workers 28 --connections 56
            advice   in production stay at 28 to 40 workers and plan for 2,025 TPS: 80% of the lower end of the
                     interval of 28 workers, 56 connections; beyond this range throughput falls or was not
                     measured; next: stormdb report 20241215-143022 --slo 'p95 < 19.23ms'
            warning  the 6 bands ran in the order of their load, each once: what changes with time, such as
                     caches and bloat, looks like an effect of the load
            warning  closed loop: a stall of the server stops the load as well, so that latencies hide most of
                     the waiting that it causes (coordinated omission); see `arrival_rate`
        "#]],
    );
}

#[test]
fn a_failed_band_is_named_and_the_others_are_judged() {
    let mut record = run(&DOCUMENTED[..4]);
    let plan = record.bands[2].plan.clone();
    record.bands[2] = failed(
        plan,
        "plugin-crashed:SIGABRT",
        "the load process died by SIGABRT in band 3; see its last log lines",
    );
    record.outcome = Some(Outcome::Complete { exit_code: 4 });
    check(
        &record,
        &expect![[r#"
            stormdb 0.1.0  imdb on PostgreSQL 18.4 (embedded)  run 20241215-143022
            plan  4 bands, exponential, 10-28 workers, 20-56 connections, 60s each (5s warm-up, 2s rest); about 4m 28s
            load  1,000 movies, seed 42

             band workers  conns      TPS    ±95%   p50 ms   p95 ms   p99 ms  gain/wkr  TPS/wkr errors  verdict
              1/4      10     20    1,234     1.7     8.11     11.8     12.1         -    123.5      0  baseline
              2/4      14     28    1,678     2.3     8.34     12.1     12.4    +111.0    119.9      0  scales
              3/4      20     40  FAILED  plugin-crashed:SIGABRT
              4/4      28     56    2,534     3.4     11.0     16.0     16.5     +61.1     90.5      0  slowing

            TPS by workers
                10 ###################                           1,234
                14 ##########################                    1,678
                20 failed
                28 ########################################      2,534  <- best

            best     28 workers, 56 connections: 2,534 TPS, p95 16.0 ms (the highest measured, confirmed by
                     ±95%)
            limit    throughput still grows, by less and less per worker, at 28 workers, the most measured
            model    USL does not fit these bands; no curve describes them, the nearest is logarithmic
            failed   band 3: the load process died by SIGABRT in band 3; see its last log lines
                     (plugin-crashed:SIGABRT)
            advice   in production stay at 28 workers and plan for 2,025 TPS: 80% of the lower end of the
                     interval of 28 workers, 56 connections; beyond this range throughput falls or was not
                     measured; next: stormdb report 20241215-143022 --slo 'p95 < 19.23ms'
            advice   measure up to 56 workers: the largest band, 28 workers, 56 connections, has the highest
                     throughput: the peak may lie beyond it; next: stormdb run --config FILE --set
                     progressive.max_workers=56
            advice   open 28 connections and no more (connections -50%): 28 workers use one connection each at
                     most; next: stormdb run --workload imdb --scale 1000 --workers 28 --connections 28
            warning  band 4: the largest one measured has the highest throughput, so that the peak may lie
                     beyond; raise `max_workers` and `max_connections`
            warning  the 3 bands ran in the order of their load, each once: what changes with time, such as
                     caches and bloat, looks like an effect of the load
            warning  closed loop: a stall of the server stops the load as well, so that latencies hide most of
                     the waiting that it causes (coordinated omission); see `arrival_rate`
        "#]],
    );
}

#[test]
fn every_band_failed() {
    let mut record = run(&DOCUMENTED[..2]);
    for band in &mut record.bands {
        *band = failed(band.plan.clone(), "target-unavailable", "no connection to 127.0.0.1:5432");
    }
    check(
        &record,
        &expect![[r#"
            stormdb 0.1.0  imdb on PostgreSQL 18.4 (embedded)  run 20241215-143022
            plan  2 bands, exponential, 10-14 workers, 20-28 connections, 60s each (5s warm-up, 2s rest); about 2m 14s
            load  1,000 movies, seed 42

             band workers  conns      TPS    ±95%   p50 ms   p95 ms   p99 ms  gain/wkr  TPS/wkr errors  verdict
              1/2      10     20  FAILED  target-unavailable
              2/2      14     28  FAILED  target-unavailable

            best     none: no band finished
            failed   band 1: no connection to 127.0.0.1:5432 (target-unavailable)
            failed   band 2: no connection to 127.0.0.1:5432 (target-unavailable)

            plugin   stormdb-imdb 1.0.0
                     signed by demo with key SHA256:abc
                     sha256 00ff
        "#]],
    );
}

#[test]
fn one_band_is_compared_with_nothing() {
    check(
        &run(&DOCUMENTED[..1]),
        &expect![[r#"
            stormdb 0.1.0  imdb on PostgreSQL 18.4 (embedded)  run 20241215-143022
            plan  1 band, 10 workers, 20 connections, 60s each (5s warm-up, 2s rest); about 67s
            load  1,000 movies, seed 42

             band workers  conns      TPS    ±95%   p50 ms   p95 ms   p99 ms  gain/wkr  TPS/wkr errors  verdict
              1/1      10     20    1,234     1.7     8.11     11.8     12.1         -    123.5      0  baseline

            best     10 workers, 20 connections: 1,234 TPS, p95 11.8 ms (the only band that finished: nothing to
                     compare with)
            advice   open 10 connections and no more (connections -50%): 10 workers use one connection each at
                     most; next: stormdb run --workload imdb --scale 1000 --workers 10 --connections 10
            warning  closed loop: a stall of the server stops the load as well, so that latencies hide most of
                     the waiting that it causes (coordinated omission); see `arrival_rate`
        "#]],
    );
}

#[test]
fn a_grid_has_no_gain_per_worker() {
    let mut record = run(&[
        (10, 5, 800.0),
        (10, 10, 1200.0),
        (20, 5, 810.0),
        (20, 10, 1650.0),
        (20, 20, 1700.0),
    ]);
    record.header.plan.strategy = Some("grid".to_owned());
    check(
        &record,
        &expect![[r#"
            stormdb 0.1.0  imdb on PostgreSQL 18.4 (embedded)  run 20241215-143022
            plan  5 bands, grid, 10-20 workers, 5-20 connections, 60s each (5s warm-up, 2s rest); about 5m 35s
            load  1,000 movies, seed 42

             band workers  conns      TPS    ±95%   p50 ms   p95 ms   p99 ms wait p95  gain/wkr errors  verdict
              1/5      10      5      800     1.1     12.5     18.2     18.7     9.08         -      0  -
              2/5      10     10    1,200     1.7     8.34     12.1     12.4        -         -      0  -
              3/5      20      5      810     1.1     24.7     35.8     36.8     26.8         -      0  -
              4/5      20     10    1,650     2.3     12.1     17.6     18.0     8.81         -      0  -
              5/5      20     20    1,700     2.3     11.8     17.1     17.5        -         -      0  -

            TPS by workers x connections
             10 x 5 ###################                             800
            10 x 10 ############################                  1,200
             20 x 5 ###################                             810
            20 x 10 #######################################       1,650  <- best
            20 x 20 ########################################      1,700

            best     20 workers, 10 connections: 1,650 TPS, p95 17.6 ms (within 5% of the highest measured, 50%
                     fewer connections, confirmed by ±95%)
            model    USL does not describe the bands within their errors, so that no peak is predicted; no curve
                     describes them, the nearest is logistic
            advice   use 20 workers, 10 connections in place of 20 workers, 20 connections: 1,650 TPS, p95 17.6
                     ms against 1,700 TPS, p95 17.1 ms; next: stormdb run --workload imdb --scale 1000 --workers
                     20 --connections 10
            advice   measure up to 40 workers: the largest band, 20 workers, 20 connections, has the highest
                     throughput: the peak may lie beyond it; next: stormdb run --config FILE --set
                     progressive.max_workers=40
            warning  more workers than connections in bands 1, 3, 4: latency includes the wait for a connection,
                     which is also shown apart
            warning  band 5: the largest one measured has the highest throughput, so that the peak may lie
                     beyond; raise `max_workers` and `max_connections`
            warning  the 5 bands ran in the order of their load, each once: what changes with time, such as
                     caches and bloat, looks like an effect of the load
            warning  closed loop: a stall of the server stops the load as well, so that latencies hide most of
                     the waiting that it causes (coordinated omission); see `arrival_rate`
        "#]],
    );
}

#[test]
fn a_stopped_run_says_how_far_it_came() {
    let mut record = run(&DOCUMENTED);
    record.bands.truncate(4);
    record.bands[3].status = BandStatus::Interrupted;
    let failure =
        Failure { id: "stopped-by:INT".to_owned(), message: "stopped by Ctrl-C".to_owned() };
    record.outcome = Some(Outcome::Stopped { exit_code: 130, failure });
    check(
        &record,
        &expect![[r#"
            stormdb 0.1.0  imdb on PostgreSQL 18.4 (embedded)  run 20241215-143022
            plan  6 bands, exponential, 10-60 workers, 20-120 connections, 60s each (5s warm-up, 2s rest); about 6m 42s
            load  1,000 movies, seed 42

             band workers  conns      TPS    ±95%   p50 ms   p95 ms   p99 ms  gain/wkr  TPS/wkr errors  verdict
              1/6      10     20    1,234     1.7     8.11     11.8     12.1         -    123.5      0  baseline
              2/6      14     28    1,678     2.3     8.34     12.1     12.4    +111.0    119.9      0  scales
              3/6      20     40    2,157     2.9     9.27     13.5     13.8     +79.7    107.8      0  scales
              4/6      28     56  INTERRUPTED

            TPS by workers
                10 #######################                       1,234
                14 ###############################               1,678
                20 ########################################      2,157  <- best
                28 interrupted

            best     20 workers, 40 connections: 2,157 TPS, p95 13.5 ms (the highest measured, confirmed by
                     ±95%)
            limit    throughput still grows at 20 workers, the most measured
            model    USL does not fit these bands; no curve describes them, the nearest is logarithmic
            stopped  with 3 of 6 bands finished: stopped by Ctrl-C (stopped-by:INT)
            advice   in production stay at 20 workers and plan for 1,723 TPS: 80% of the lower end of the
                     interval of 20 workers, 40 connections; beyond this range throughput falls or was not
                     measured; next: stormdb report 20241215-143022 --slo 'p95 < 16.17ms'
            advice   measure up to 40 workers: the largest band, 20 workers, 40 connections, has the highest
                     throughput: the peak may lie beyond it; next: stormdb run --config FILE --set
                     progressive.max_workers=40
            advice   open 20 connections and no more (connections -50%): 20 workers use one connection each at
                     most; next: stormdb run --workload imdb --scale 1000 --workers 20 --connections 20
            warning  band 3: the largest one measured has the highest throughput, so that the peak may lie
                     beyond; the larger bands of the plan did not finish
            warning  the 3 bands ran in the order of their load, each once: what changes with time, such as
                     caches and bloat, looks like an effect of the load
            warning  closed loop: a stall of the server stops the load as well, so that latencies hide most of
                     the waiting that it causes (coordinated omission); see `arrival_rate`
        "#]],
    );
}

#[test]
fn a_run_without_bands_is_shown() {
    check(
        &RunRecord::new(header(&DOCUMENTED, 60)),
        &expect![[r#"
            stormdb 0.1.0  imdb on PostgreSQL 18.4 (embedded)  run 20241215-143022
            plan  6 bands, exponential, 10-60 workers, 20-120 connections, 60s each (5s warm-up, 2s rest); about 6m 42s
            load  1,000 movies, seed 42

             band workers  conns      TPS    ±95%   p50 ms   p95 ms   p99 ms  gain/wkr  TPS/wkr errors  verdict

            best     none: no band finished
            stopped  with 0 of 6 bands finished: the record has no end; the run was killed or still goes on

            plugin   stormdb-imdb 1.0.0
                     signed by demo with key SHA256:abc
                     sha256 00ff
        "#]],
    );
}

#[test]
fn short_bands_confirm_nothing() {
    let mut record = run(&DOCUMENTED[..3]);
    for band in &mut record.bands {
        band.intervals.truncate(10);
    }
    check(
        &record,
        &expect![[r#"
            stormdb 0.1.0  imdb on PostgreSQL 18.4 (embedded)  run 20241215-143022
            plan  3 bands, exponential, 10-20 workers, 20-40 connections, 60s each (5s warm-up, 2s rest); about 3m 21s
            load  1,000 movies, seed 42

             band workers  conns      TPS    ±95%   p50 ms   p95 ms   p99 ms  gain/wkr  TPS/wkr errors  verdict
              1/3      10     20    1,234       -     8.11     11.8     12.1         -    123.5      0  baseline
              2/3      14     28    1,678       -     8.34     12.1     12.4    +111.0    119.9      0  scales
              3/3      20     40    2,157       -     9.27     13.5     13.8     +79.7    107.8      0  scales

            TPS by workers
                10 #######################                       1,234
                14 ###############################               1,678
                20 ########################################      2,157  <- best

            best     20 workers, 40 connections: 2,157 TPS, p95 13.5 ms (the highest measured)
            limit    throughput still grows at 20 workers, the most measured
            advice   in production stay at 20 workers and plan for 1,725 TPS: 80% of what was measured with 20
                     workers, 40 connections; beyond this range throughput falls or was not measured; next:
                     stormdb report 20241215-143022 --slo 'p95 < 16.17ms'
            advice   measure up to 40 workers: the largest band, 20 workers, 40 connections, has the highest
                     throughput: the peak may lie beyond it; next: stormdb run --config FILE --set
                     progressive.max_workers=40
            advice   open 20 connections and no more (connections -50%): 20 workers use one connection each at
                     most; next: stormdb run --workload imdb --scale 1000 --workers 20 --connections 20
            warning  bands 1-3: too short for ±95%, which takes 30s or more, so that nothing is confirmed; raise
                     `test_duration`
            warning  band 3: the largest one measured has the highest throughput, so that the peak may lie
                     beyond; raise `max_workers` and `max_connections`
            warning  the 3 bands ran in the order of their load, each once: what changes with time, such as
                     caches and bloat, looks like an effect of the load
            warning  closed loop: a stall of the server stops the load as well, so that latencies hide most of
                     the waiting that it causes (coordinated omission); see `arrival_rate`
        "#]],
    );
}

#[test]
fn noise_puts_a_question_mark_behind_the_verdict() {
    check(
        &run(&[(10, 10, 1000.0), (20, 20, 1600.0), (40, 40, 1601.0)]),
        &expect![[r#"
            stormdb 0.1.0  imdb on PostgreSQL 18.4 (embedded)  run 20241215-143022
            plan  3 bands, exponential, 10-40 workers, 10-40 connections, 60s each (5s warm-up, 2s rest); about 3m 21s
            load  1,000 movies, seed 42

             band workers  conns      TPS    ±95%   p50 ms   p95 ms   p99 ms  gain/wkr  TPS/wkr errors  verdict
              1/3      10     10    1,000     1.4     9.99     14.5     14.9         -    100.0      0  baseline
              2/3      20     20    1,600     2.2     12.5     18.2     18.7     +60.0     80.0      0  scales
              3/3      40     40    1,601     2.2     25.0     36.3     37.4    +0.050     40.0      0  flat?

            TPS by workers
                10 #########################                     1,000
                20 ########################################      1,600  <- best
                40 ########################################      1,601

            best     20 workers, 20 connections: 1,600 TPS, p95 18.2 ms (within 5% of the highest measured, 50%
                     fewer workers, confirmed by ±95%)
            limit    throughput stops growing between 20 and 40 workers; the cause is not determined
            latency  40 workers, 40 connections: p95 is 100% above the band before, no more than waiting in line
                     explains
            model    USL does not fit these bands; no curve describes them, the nearest is logarithmic
            queueing service 0.625 ms (from the saturated bands); at most 1,601 TPS, from 16.0 workers on; 10
                     workers should do 944 TPS, 6.0% more was measured: work is shared or overlaps
            advice   use 20 workers, 20 connections in place of 40 workers, 40 connections (p95 -50%): 1,600
                     TPS, p95 18.2 ms against 1,601 TPS, p95 36.3 ms; next: stormdb run --workload imdb --scale
                     1000 --workers 20 --connections 20
            advice   in production stay at 20 to 40 workers and plan for 1,278 TPS: 80% of the lower end of the
                     interval of 20 workers, 20 connections; beyond this range throughput falls or was not
                     measured; next: stormdb report 20241215-143022 --slo 'p95 < 21.79ms'
            advice   measure up to 80 workers: the largest band, 40 workers, 40 connections, has the highest
                     throughput: the peak may lie beyond it; next: stormdb run --config FILE --set
                     progressive.max_workers=80
            warning  band 3: its gain of 1.00 TPS is within its error of 3.12 TPS, so that its verdict is a
                     guess; raise `test_duration`
            warning  band 3: the largest one measured has the highest throughput, so that the peak may lie
                     beyond; raise `max_workers` and `max_connections`
            warning  the 3 bands ran in the order of their load, each once: what changes with time, such as
                     caches and bloat, looks like an effect of the load
            warning  closed loop: a stall of the server stops the load as well, so that latencies hide most of
                     the waiting that it causes (coordinated omission); see `arrival_rate`
        "#]],
    );
}

#[test]
fn errors_checks_and_results_are_listed() {
    let mut record = run(&DOCUMENTED[..3]);
    add_errors(
        &mut record.bands[1],
        "serialization-failure",
        Some("40001"),
        3,
        "could not serialize",
    );
    add_errors(&mut record.bands[2], "serialization-failure", Some("40001"), 40_000, "could not");
    record.checks = vec![
        Check { name: "rows".to_owned(), passed: true, finding: "1,000 rows".to_owned() },
        Check { name: "balance".to_owned(), passed: false, finding: "sum is 3, not 0".to_owned() },
    ];
    record.reported = vec![("recall".to_owned(), serde_json::json!({"at_10": 0.97}))];
    record.warnings = vec![Failure {
        id: "shared-host".to_owned(),
        message: "other load on the host".to_owned(),
    }];
    check(
        &record,
        &expect![[r#"
            stormdb 0.1.0  imdb on PostgreSQL 18.4 (embedded)  run 20241215-143022
            plan  3 bands, exponential, 10-20 workers, 20-40 connections, 60s each (5s warm-up, 2s rest); about 3m 21s
            load  1,000 movies, seed 42

             band workers  conns      TPS    ±95%   p50 ms   p95 ms   p99 ms  gain/wkr  TPS/wkr errors  verdict
              1/3      10     20    1,234     1.7     8.11     11.8     12.1         -    123.5      0  baseline
              2/3      14     28    1,678     2.3     8.34     12.1     12.4    +111.0    119.9      3  scales
              3/3      20     40    2,157     2.9     9.27     13.5     13.8     +79.7    107.8 40,000  scales

            TPS by workers
                10 #######################                       1,234
                14 ###############################               1,678  <- best
                20 ########################################      2,157

            best     14 workers, 28 connections: 1,678 TPS, p95 12.1 ms (the highest with at most 5% errors,
                     confirmed by ±95%)
            limit    throughput still grows at 20 workers, the most measured
            breaks   20 workers, 40 connections: 24% of the operations failed
            errors   40,003 serialization-failure (40001) in bands 2, 3: could not serialize
            check    1 of 2 checks of the data passed
            check    balance FAILED: sum is 3, not 0
            result   recall: {"at_10":0.97}
            advice   use 14 workers, 28 connections in place of 20 workers, 40 connections (p95 -10%): 1,678
                     TPS, p95 12.1 ms, 0.003% errors against 2,157 TPS, p95 13.5 ms, 24% errors; next: stormdb
                     run --workload imdb --scale 1000 --workers 14 --connections 28
            advice   in production stay at 14 workers and plan for 1,341 TPS: 80% of the lower end of the
                     interval of 14 workers, 28 connections; beyond this range throughput falls or was not
                     measured; next: stormdb report 20241215-143022 --slo 'p95 < 14.51ms'
            advice   open 14 connections and no more (connections -50%): 14 workers use one connection each at
                     most; next: stormdb run --workload imdb --scale 1000 --workers 14 --connections 14
            warning  other load on the host
            warning  band 3: 24% of the operations failed, so that it is not recommended
            warning  the 3 bands ran in the order of their load, each once: what changes with time, such as
                     caches and bloat, looks like an effect of the load
            warning  closed loop: a stall of the server stops the load as well, so that latencies hide most of
                     the waiting that it causes (coordinated omission); see `arrival_rate`
        "#]],
    );
}

#[test]
fn more_work_in_progress_than_workers_is_a_broken_timer() {
    let mut record = run(&DOCUMENTED[..3]);
    // Half the workers in the plan, with the response times of all of them.
    for (planned, band) in record.header.plan.bands.iter_mut().zip(&mut record.bands) {
        planned.workers /= 2;
        band.plan.workers /= 2;
    }
    check(
        &record,
        &expect![[r#"
            stormdb 0.1.0  imdb on PostgreSQL 18.4 (embedded)  run 20241215-143022
            plan  3 bands, exponential, 5-10 workers, 20-40 connections, 60s each (5s warm-up, 2s rest); about 3m 21s
            load  1,000 movies, seed 42

             band workers  conns      TPS    ±95%   p50 ms   p95 ms   p99 ms  gain/wkr  TPS/wkr errors  verdict
              1/3       5     20    1,234     1.7     8.11     11.8     12.1         -    246.9      0  baseline
              2/3       7     28    1,678     2.3     8.34     12.1     12.4    +221.9    239.8      0  scales
              3/3      10     40    2,157     2.9     9.27     13.5     13.8    +159.5    215.7      0  scales

            TPS by workers
                 5 #######################                       1,234
                 7 ###############################               1,678
                10 ########################################      2,157  <- best

            best     10 workers, 40 connections: 2,157 TPS, p95 13.5 ms (the highest measured, confirmed by
                     ±95%)
            limit    throughput still grows at 10 workers, the most measured
            model    USL does not fit these bands; no curve describes them, the nearest is logarithmic
            advice   in production stay at 10 workers and plan for 1,723 TPS: 80% of the lower end of the
                     interval of 10 workers, 40 connections; beyond this range throughput falls or was not
                     measured; next: stormdb report 20241215-143022 --slo 'p95 < 16.17ms'
            advice   measure up to 20 workers: the largest band, 10 workers, 40 connections, has the highest
                     throughput: the peak may lie beyond it; next: stormdb run --config FILE --set
                     progressive.max_workers=20
            advice   open 10 connections and no more (connections -75%): 10 workers use one connection each at
                     most; next: stormdb run --workload imdb --scale 1000 --workers 10 --connections 10
            warning  band 1: TPS x latency = 10.0 in flight, more than 5 workers: check the timer
            warning  band 2: TPS x latency = 14.0 in flight, more than 7 workers: check the timer
            warning  band 3: TPS x latency = 20.0 in flight, more than 10 workers: check the timer
            warning  band 3: the largest one measured has the highest throughput, so that the peak may lie
                     beyond; raise `max_workers` and `max_connections`
            warning  the 3 bands ran in the order of their load, each once: what changes with time, such as
                     caches and bloat, looks like an effect of the load
            warning  closed loop: a stall of the server stops the load as well, so that latencies hide most of
                     the waiting that it causes (coordinated omission); see `arrival_rate`
        "#]],
    );
}

#[test]
fn a_busy_or_late_load_generator_is_named_as_the_limit() {
    let mut record = run(&DOCUMENTED[..3]);
    let loads = |record: &mut RunRecord, band: usize, loads| {
        let BandStatus::Finished { measurement } = &mut record.bands[band].status else {
            panic!("no measurement")
        };
        measurement.executor_loads = loads;
    };
    loads(&mut record, 1, vec![executor_load(0, 0.69), executor_load(1, 0.71)]);
    loads(&mut record, 2, vec![executor_load(0, 0.8), executor_load(1, 0.5)]);
    let limits = |record: &RunRecord| {
        let notes = report(record).notes;
        let notes = notes.iter().filter(|note| note.id.starts_with("generator-"));
        notes.map(|note| format!("{}: {}\n", note.id, note.message)).collect::<String>()
    };
    expect![[r#"
        generator-bound: bands 2, 3: executor 0 was busy for 80% of the measured phase: the load generator, not the server, is the limit, and had room for 25% more at most; run stormdb on a machine with more cores
    "#]].assert_eq(&limits(&record));

    record.header.machine.cores = 8;
    let mut late = executor_load(0, 0.1);
    (0..100).for_each(|_| late.lag.record(25_000_000));
    loads(&mut record, 0, vec![late]);
    expect![[r#"
        generator-bound: bands 2, 3: executor 0 was busy for 80% of the measured phase: the load generator, not the server, is the limit, and had room for 25% more at most; let more executors share the load, which takes as many workers and connections
        generator-late: band 1: executors came 25.0 ms late to what was due (99th percentile), and latencies include as much: the load generator lacks CPU; give it a machine of its own
    "#]].assert_eq(&limits(&record));
}
