//! What is printed while a run goes on.

use std::time::Duration;

use expect_test::expect;
use stormdb_report::{event_line::event_line, progress, screen::Style, terminal};
use stormdb_run::{
    event::{Failure, RunEvent},
    measurement::Phase,
    record::Outcome,
};

use crate::record::{DOCUMENTED, failed, interval, report, run, so_far};

#[test]
fn rows_printed_as_bands_end_are_those_of_the_report() {
    for bands in [
        DOCUMENTED.as_slice(),
        &[(10, 5, 800.0), (20, 5, 810.0), (20, 10, 1650.0), (30, 10, 1700.0)],
    ] {
        let record = run(bands);
        let whole = terminal::whole(&report(&record), Style::default());
        let mut printed = terminal::title(&record.header, Style::default());
        printed += &terminal::table_head(&record.header, Style::default());
        for ended in 1..=record.bands.len() {
            let record = so_far(&record, ended);
            let row = terminal::row(
                &report(&record),
                record.bands[ended - 1].plan.index,
                Style::default(),
            );
            printed += &row.unwrap();
        }
        assert!(whole.starts_with(&printed), "{printed}\n--- but the report says\n{whole}");
    }
}

#[test]
fn a_band_that_has_not_begun_has_no_row() {
    let record = so_far(&run(&DOCUMENTED), 2);
    assert_eq!(terminal::row(&report(&record), 3, Style::default()), None);
}

#[test]
fn a_narrow_terminal_loses_columns_and_never_the_verdict() {
    let record = run(&DOCUMENTED[..2]);
    let report = report(&record);
    let at = |width| {
        let style = Style { colour: false, width };
        let head = terminal::table_head(&record.header, style);
        format!("{}\n{}", head.lines().last().unwrap(), terminal::row(&report, 2, style).unwrap())
    };
    // The titles keep the margin of the table: `expect!` cuts off the spaces that all lines begin with.
    let shown = [120, 80, 50].map(|width| format!("{width} columns\n{}", at(width)));
    expect![[r#"
        120 columns
         band workers  conns      TPS    ±95%   p50 ms   p95 ms   p99 ms  gain/wkr  TPS/wkr errors  verdict
          2/2      14     28    1,678     2.3     8.34     12.1     12.4    +111.0    119.9      0  scales
        80 columns
         band workers  conns      TPS    ±95%   p95 ms  gain/wkr errors  verdict
          2/2      14     28    1,678     2.3     12.1    +111.0      0  scales
        50 columns
         band workers  conns      TPS   p95 ms  verdict
          2/2      14     28    1,678     12.1  scales
    "#]].assert_eq(&shown.concat());
    for width in 50..120 {
        assert!(at(width).lines().all(|line| line.chars().count() <= width), "{}", at(width));
    }
}

#[test]
fn a_pool_with_a_queue_shows_the_wait() {
    let record = run(&[(100, 20, 1000.0)]);
    let style = Style { colour: false, width: 120 };
    let head = terminal::table_head(&record.header, style);
    let row = terminal::row(&report(&record), 1, style).unwrap();
    let head = head.lines().last().unwrap();
    expect![[r#"
        120 columns
         band workers  conns      TPS    ±95%   p50 ms   p95 ms   p99 ms wait p95  gain/wkr  TPS/wkr errors  verdict
          1/1     100     20    1,000     1.4     99.9    145.2    149.4    116.1         -     10.0      0  baseline
    "#]].assert_eq(&format!("120 columns\n{head}\n{row}"));
}

#[test]
fn the_foot_names_the_files() {
    let record = run(&DOCUMENTED[..1]);
    let exports = ["results/a.csv".into(), "results/a.json".into()];
    let foot = terminal::foot(&report(&record), &exports, Style::default());
    expect![[r#"
            results/a.csv
        data     results/a.json
        report   stormdb report 20241215-143022
    "#]]
    .assert_eq(foot.split_once("data ").unwrap().1);
}

#[test]
fn colours_come_beside_words() {
    let record = run(&DOCUMENTED);
    let plain = terminal::whole(&report(&record), Style::default());
    let coloured = terminal::whole(&report(&record), Style { colour: true, ..Style::default() });
    assert!(!plain.contains('\u{1b}'));
    assert!(coloured.contains("\u{1b}[31;1mWORSE\u{1b}[0m"));
    let mut stripped = String::new();
    for (number, part) in coloured.split('\u{1b}').enumerate() {
        stripped += if number == 0 { part } else { part.split_once('m').unwrap().1 };
    }
    assert_eq!(stripped, plain);
}

#[test]
fn progress_in_words() {
    let record = run(&DOCUMENTED);
    let plan = &record.bands[0].plan;
    let seconds: Vec<_> = (0..13).map(|second| interval(plan, 1234.5, second)).collect();
    let mut warming = interval(plan, 800.0, 0);
    warming.phase = Phase::WarmUp;
    warming.counts.failed = 3;
    let lines = [
        progress::heartbeat(Duration::from_secs(750), plan, &record.header.plan, &seconds[12]),
        progress::heartbeat(Duration::from_secs(4000), plan, &record.header.plan, &warming),
        progress::band_message(plan, &seconds),
        progress::band_message(plan, &[warming]),
        progress::band_message(plan, &[]),
        progress::setup_message("movies\n", 12_000, 100_000, "rows"),
    ];
    expect![[r#"
        12:30 band 1/6 measuring  13/60 s  1,231 TPS  p95 11.7 ms
        1:06:40 band 1/6 warming up  1/5 s  794 TPS  p95 18.0 ms  3 errors
        10w/20c   1,231 TPS  p95 11.7 ms  ████████████
        10w/20c  warming up     794 TPS  p95 18.0 ms    3 errors  █
        10w/20c
        movies\n  12,000/100,000 rows
    "#]]
    .assert_eq(&(lines.join("\n") + "\n"));
}

#[test]
fn events_as_json_lines() {
    let record = run(&DOCUMENTED[..1]);
    let plan = record.bands[0].plan.clone();
    let failed = failed(plan.clone(), "plugin-crashed:SIGABRT", "the load process died");
    let failure = Failure { id: "plugin-crashed:SIGABRT".to_owned(), message: "died".to_owned() };
    let measurement = Box::new(record.bands[0].measurement().unwrap().clone());
    let events = [
        RunEvent::RunStarted { header: Box::new(record.header.clone()) },
        RunEvent::SetupProgress {
            stage: "movies".to_owned(),
            done: 5,
            total: 10,
            unit: "rows".to_owned(),
        },
        RunEvent::BandStarted { band: plan.clone(), attempt: failed.attempt },
        RunEvent::BandPhase { band: 1, phase: Phase::WarmUp },
        RunEvent::Interval { band: 1, interval: interval(&plan, 1150.0, 3) },
        RunEvent::BandFinished { band: 1, measurement },
        RunEvent::BandFailed { band: 1, failure: failure.clone() },
        RunEvent::Warned { warning: failure.clone() },
        RunEvent::RunFinished { outcome: Outcome::Stopped { exit_code: 130, failure } },
    ];
    let lines = events.map(|event| event_line(&event).unwrap() + "\n").concat();
    expect![[r#"
        {"event":"run-started","run":"20241215-143022","workload":"imdb","server":"PostgreSQL 18.4 (embedded)","bands":1,"seed":42}
        {"event":"setup","stage":"movies","done":5,"total":10,"unit":"rows"}
        {"event":"band-started","band":1,"workers":10,"connections":20,"attempt":2}
        {"event":"phase","band":1,"phase":"warm-up"}
        {"event":"sample","band":1,"phase":"measure","t":4,"tps":1158.0,"p95_ms":12.5501,"errors":0}
        {"event":"band-finished","band":1,"seconds":60.0,"tps":1234.5,"avg_latency_ms":8.1004,"p95_latency_ms":11.7637,"errors":0}
        {"event":"band-failed","band":1,"id":"plugin-crashed:SIGABRT","message":"died"}
        {"event":"warning","id":"plugin-crashed:SIGABRT","message":"died"}
        {"event":"run-finished","outcome":"stopped","exit_code":130,"failure":{"id":"plugin-crashed:SIGABRT","message":"died"}}
    "#]].assert_eq(&lines);
}
