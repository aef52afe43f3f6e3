//! What a user reads when a configuration is refused.

use expect_test::expect;
use stormdb_run::config::Source;
use stormdb_run::config::overrides::Overrides;

use crate::load::{check, check_with, load_with, sets};

#[test]
fn misspelt_key() {
    check(
        "workload: imdb\nprogressive:\n  strategy: exponential\n  min_wokers: 10\n",
        &expect![[r#"
            error[unknown-key]
              × run.yaml:4:3: unknown key `min_wokers`
               ╭─[run.yaml:4:3]
             3 │   strategy: exponential
             4 │   min_wokers: 10
               ·   ─────┬────
               ·        ╰── not recognised
               ╰────
              help: did you mean `min_workers`?
                    allowed here: enabled, strategy, pairing, min_workers, max_workers, min_connections, max_connections,
                    arrival_rate, min_arrival_rate, max_arrival_rate, arrivals, bands, step_workers, step_connections,
                    test_duration, warmup_duration, cooldown_duration, stop, confirm, export, analysis, max_latency_samples,
                    memory_limit_mb, band_duration, warmup_time, cooldown_time, export_format, export_csv, export_json,
                    export_path, enable_analysis
        "#]],
    );
}

#[test]
fn several_unknown_keys_are_all_said() {
    check(
        "workloda: imdb\ndatabase: {hots: db}\n",
        &expect![[r#"
            error[unknown-key]
              × run.yaml:1:1: unknown key `workloda`
               ╭─[run.yaml:1:1]
             1 │ workloda: imdb
               · ────┬───
               ·     ╰── not recognised
             2 │ database: {hots: db}
               ╰────
              help: did you mean `workload`?
                    allowed here: database, workload, scale, workload_config, workers, connections, duration, arrival_rate,
                    arrivals, repeats, progressive, plugins, seed, retries, executors, driver, operation_deadline,
                    collect_pg_stats, pg_stats_statements, summary_interval, data_loading, thresholds, cost, results_backend

            error[unknown-key]
              × run.yaml:2:12: unknown key `hots`
               ╭─[run.yaml:2:12]
             1 │ workloda: imdb
             2 │ database: {hots: db}
               ·            ──┬─
               ·              ╰── not recognised
               ╰────
              help: did you mean `host`?
                    allowed here: host, port, dbname, username, password, password_file, passfile, sslmode, sslrootcert
        "#]],
    );
}

#[test]
fn unknown_strategy() {
    check(
        "workload: imdb\nprogressive:\n  strategy: exponental\n",
        &expect![[r#"
            error[unknown-value]
              × run.yaml:3:13: unknown value `exponental` for `strategy`
               ╭─[run.yaml:3:13]
             2 │ progressive:
             3 │   strategy: exponental
               ·             ─────┬────
               ·                  ╰── unknown value
               ╰────
              help: did you mean `exponential`?
                    allowed here: linear, exponential, fibonacci, grid, adaptive
        "#]],
    );
}

#[test]
fn unknown_strategy_that_is_like_none() {
    check(
        "workload: imdb\nprogressive: {strategy: quadratic}\n",
        &expect![[r#"
            error[unknown-value]
              × run.yaml:2:25: unknown value `quadratic` for `strategy`
               ╭─[run.yaml:2:25]
             1 │ workload: imdb
             2 │ progressive: {strategy: quadratic}
               ·                         ────┬────
               ·                             ╰── unknown value
               ╰────
              help: allowed here: linear, exponential, fibonacci, grid, adaptive
        "#]],
    );
}

#[test]
fn wrong_types() {
    check(
        "workload: imdb\nworkers: many\nduration: 30\ndatabase: joe\n",
        &expect![[r#"
            error[wrong-type]
              × run.yaml:2:10: `workers` must be a whole number, not text
               ╭─[run.yaml:2:10]
             1 │ workload: imdb
             2 │ workers: many
               ·          ──┬─
               ·            ╰── wrong type
             3 │ duration: 30
               ╰────
              help: write digits only, without a unit or quotes

            error[wrong-type]
              × run.yaml:3:11: `duration` must be text, not a number
               ╭─[run.yaml:3:11]
             2 │ workers: many
             3 │ duration: 30
               ·           ─┬
               ·            ╰── wrong type
             4 │ database: joe
               ╰────
              help: write it like "30s", "5m" or "1h30m"

            error[wrong-type]
              × run.yaml:4:11: `database` must be a group of keys, not text
               ╭─[run.yaml:4:11]
             3 │ duration: 30
             4 │ database: joe
               ·           ─┬─
               ·            ╰── wrong type
               ╰────
              help: write its keys below it, indented, each as `key: value`
        "#]],
    );
}

#[test]
fn number_where_text_is_wanted() {
    check(
        "workload: imdb\ndatabase: {dbname: 2024, password: 12345}\n",
        &expect![[r#"
            error[wrong-type]
              × run.yaml:2:20: `dbname` must be text, not a number
               ╭─[run.yaml:2:20]
             1 │ workload: imdb
             2 │ database: {dbname: 2024, password: ******
               ·                    ──┬─
               ·                      ╰── wrong type
               ╰────
              help: put the value in quotes

            error[wrong-type]
              × run.yaml:2:36: `password` must be text, not a number
               ╭─[run.yaml:2:36]
             1 │ workload: imdb
             2 │ database: {dbname: 2024, password: ******
               ·                                    ──┬──
               ·                                      ╰── wrong type
               ╰────
              help: put the value in quotes
        "#]],
    );
}

#[test]
fn malformed_duration() {
    check(
        "workload: imdb\nduration: 30 minuts\n",
        &expect![[r#"
            error[malformed]
              × run.yaml:2:11: `30 minuts` is not a duration
               ╭─[run.yaml:2:11]
             1 │ workload: imdb
             2 │ duration: 30 minuts
               ·           ────┬────
               ·               ╰── malformed
               ╰────
              help: write it like "30s", "5m" or "1h30m"
        "#]],
    );
}

#[test]
fn duration_of_nothing_and_one_without_end() {
    check(
        "workload: imdb\nduration: 0s\noperation_deadline: 9999h\n",
        &expect![[r#"
            error[out-of-range]
              × run.yaml:2:11: `duration` must be longer than 0s
               ╭─[run.yaml:2:11]
             1 │ workload: imdb
             2 │ duration: 0s
               ·           ─┬
               ·            ╰── this duration
             3 │ operation_deadline: 9999h
               ╰────
              help: write it like "30s", "5m" or "1h30m"

            error[malformed]
              × run.yaml:3:21: `operation_deadline` is not a duration of at most 30 days
               ╭─[run.yaml:3:21]
             2 │ duration: 0s
             3 │ operation_deadline: 9999h
               ·                     ──┬──
               ·                       ╰── this duration
               ╰────
              help: write it like "30s", "5m" or "1h30m"
        "#]],
    );
}

#[test]
fn key_without_value() {
    check(
        "workload: imdb\nworkers:\nconnections: 4\n",
        &expect![[r#"
            error[wrong-type]
              × run.yaml:2:8: `workers` has no value
               ╭─[run.yaml:2:8]
             1 │ workload: imdb
             2 │ workers:
               ·        ▲
               ·        ╰── wrong type
             3 │ connections: 4
               ╰────
              help: write a value after the colon, or delete the line
        "#]],
    );
}

#[test]
fn no_workload() {
    check(
        "workers: 4\n",
        &expect![[r#"
            error[missing-key]
              × run.yaml:1:1: no workload is named
               ╭─[run.yaml:1:1]
             1 │ workers: 4
               · ▲
               · ╰── nothing here says `workload`
               ╰────
              help: add a line such as `workload: imdb`, or give `--workload imdb`; `stormdb plugin list` shows the workloads
        "#]],
    );
}

#[test]
fn broken_yaml() {
    check(
        "workload: imdb\n  workers: 4\n",
        &expect![[r#"
            error[yaml]
              × run.yaml:2:10: mapping values are not allowed in this context
               ╭─[run.yaml:2:10]
             1 │ workload: imdb
             2 │   workers: 4
               ·          ▲
               ·          ╰── here
               ╰────
              help: check the indentation, the quotes and the `key: value` form around this place
        "#]],
    );
}

#[test]
fn duplicate_key() {
    check(
        "workload: imdb\nworkers: 4\nworkers: 8\n",
        &expect![[r#"
            error[yaml]
              × run.yaml:3:1: the key `workers` stands twice in one group
               ╭─[run.yaml:3:1]
             2 │ workers: 4
             3 │ workers: 8
               · ───┬───
               ·    ╰── here
               ╰────
              help: keep one of the two lines
        "#]],
    );
}

#[test]
fn set_flags_are_named() {
    check_with(
        "workload: imdb\nprogressive: {max_workers: 8}\n",
        &[],
        &sets(&["progressive.bnads=6", "progressive.min_workers=20", "progressive.bands=99"]),
        &expect![[r#"
            error[unknown-key]
              × --set progressive.bnads=6: unknown key `bnads`
               ╭─[--set:1:7]
             1 │ --set progressive.bnads=6
               ·       ────────┬────────
               ·               ╰── not recognised
               ╰────
              help: did you mean `bands`?
                    allowed here: enabled, strategy, pairing, min_workers, max_workers, min_connections, max_connections,
                    arrival_rate, min_arrival_rate, max_arrival_rate, arrivals, bands, step_workers, step_connections,
                    test_duration, warmup_duration, cooldown_duration, stop, confirm, export, analysis, max_latency_samples,
                    memory_limit_mb, band_duration, warmup_time, cooldown_time, export_format, export_csv, export_json,
                    export_path, enable_analysis

            error[out-of-range]
              × --set progressive.bands=99: `bands` is 99, above the maximum of 25
               ╭─[--set:1:25]
             1 │ --set progressive.bands=99
               ·                         ─┬
               ·                          ╰── out of range
               ╰────
              help: use a value from 3 to 25
        "#]],
    );
}

#[test]
fn set_flags_without_form() {
    check_with(
        "workload: imdb\n",
        &[],
        &sets(&["bands", "a..b=1", "scale=[1"]),
        &expect![[r#"
            error[bad-override]
              × --set bands: not of the form `path=value`
               ╭─[--set:1:7]
             1 │ --set bands
               ·       ──┬──
               ·         ╰── this
               ╰────
              help: write it like `--set progressive.bands=6`

            error[bad-override]
              × --set a..b=1: not of the form `path=value`
               ╭─[--set:1:7]
             1 │ --set a..b=1
               ·       ───┬──
               ·          ╰── this
               ╰────
              help: write it like `--set progressive.bands=6`

            error[yaml]
              × --set scale=[1: unclosed bracket '['
               ╭─[--set:1:13]
             1 │ --set scale=[1
               ·             ▲
               ·             ╰── here
               ╰────
              help: check the indentation, the quotes and the `key: value` form around this place
        "#]],
    );
}

#[test]
fn variables_and_flags_are_named() {
    let overrides =
        Overrides { workers: Some(0), duration: Some("soon".to_owned()), ..Overrides::default() };
    check_with(
        "workload: imdb\n",
        &[("STORMDB_SCALE", "big"), ("PGHOST", "db"), ("PGPORT", "x"), ("STORMDB_CONNECTIONS", "")],
        &overrides,
        &expect![[r#"
            error[wrong-type]
              × environment variable PGPORT: `port` must be a whole number, not text
               ╭─[PGPORT:1:8]
             1 │ PGPORT=x
               ·        ┬
               ·        ╰── wrong type
               ╰────
              help: write digits only, without a unit or quotes

            error[wrong-type]
              × environment variable STORMDB_SCALE: `scale` must be a whole number, not text
               ╭─[STORMDB_SCALE:1:15]
             1 │ STORMDB_SCALE=big
               ·               ─┬─
               ·                ╰── wrong type
               ╰────
              help: write digits only, without a unit or quotes

            error[out-of-range]
              × --workers 0: `workers` is 0, below the minimum of 1
               ╭─[--workers:1:11]
             1 │ --workers 0
               ·           ┬
               ·           ╰── out of range
               ╰────
              help: use a value from 1 to 100000

            error[malformed]
              × --duration soon: `soon` is not a duration
               ╭─[--duration:1:12]
             1 │ --duration soon
               ·            ──┬─
               ·              ╰── malformed
               ╰────
              help: write it like "30s", "5m" or "1h30m"
        "#]],
    );
}

#[test]
fn unusable_weights() {
    check(
        "workload: imdb\nworkload_config:\n  mix: {read: 0, write.one: -1}\n",
        &expect![[r#"
            error[out-of-range]
              × run.yaml:3:3: no operation in `mix` has a weight above 0
               ╭─[run.yaml:3:3]
             2 │ workload_config:
             3 │   mix: {read: 0, write.one: -1}
               ·   ─┬─
               ·    ╰── this weight
               ╰────
              help: weights are relative: 0 leaves an operation out, 2 is drawn twice as often as 1

            error[out-of-range]
              × run.yaml:3:29: the weight of `write.one` is -1, below 0
               ╭─[run.yaml:3:29]
             2 │ workload_config:
             3 │   mix: {read: 0, write.one: -1}
               ·                             ─┬
               ·                              ╰── this weight
               ╰────
              help: weights are relative: 0 leaves an operation out, 2 is drawn twice as often as 1
        "#]],
    );
}

/// The line of a password is shown in snippets around other mistakes.
#[test]
fn a_password_is_never_shown() {
    let yaml = "workload: imdb\ndatabase:\n  prot: 5432\n  password: hunter2\n  host: [a]\n";
    let text = match load_with(
        yaml,
        &[("STORMDB_PASSWORD", "hunter2")],
        &sets(&["database.passwrd=hunter2"]),
    ) {
        Ok(resolved) => format!("{resolved:?}"),
        Err(error) => format!("{error}\n{}\n{error:?}", error.render(false)),
    };
    assert!(text.contains("password: *******"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn one_line_for_logs() {
    let error = load_with("workload: imdb\nwokers: 4\n", &[], &Overrides::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "run.yaml:2:1: unknown key `wokers`; did you mean `workers`?; allowed here: database, workload, scale, \
         workload_config, workers, connections, duration, arrival_rate, arrivals, repeats, progressive, plugins, seed, \
         retries, executors, driver, operation_deadline, collect_pg_stats, pg_stats_statements, \
         summary_interval, data_loading, thresholds, cost, results_backend"
    );
}

#[test]
fn a_nested_workload_takes_no_other_keys() {
    check(
        "workload: {type: imdb, mode: read}\n",
        &expect![[r#"
            error[unknown-key]
              × run.yaml:1:24: unknown key `mode`
               ╭─[run.yaml:1:24]
             1 │ workload: {type: imdb, mode: read}
               ·                        ──┬─
               ·                          ╰── not recognised
               ╰────
              help: allowed here: type, scale, config
        "#]],
    );
    check(
        "workload: 5\n",
        &expect![[r#"
            error[wrong-type]
              × run.yaml:1:11: `workload` cannot be a number
               ╭─[run.yaml:1:11]
             1 │ workload: 5
               ·           ┬
               ·           ╰── wrong type
               ╰────
              help: write it like "imdb"
        "#]],
    );
}

#[test]
fn files_that_are_no_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("run.yaml");
    let error = Source::read(&missing).unwrap_err();
    let expected = format!(
        "error[configuration-unreadable]: cannot read the configuration {}: No such file or directory \
         (os error 2); check the path given to --config\n",
        missing.display()
    );
    assert_eq!(error.render(false), expected);

    let large = folder.path().join("large.yaml");
    std::fs::write(&large, "#".repeat(1024 * 1024 + 1)).unwrap();
    let error = Source::read(&large).unwrap_err();
    let expected = format!(
        "error[configuration-unreadable]: the configuration {} has 1048577 bytes, more than 1048576; is it the right file?\n",
        large.display()
    );
    assert_eq!(error.render(false), expected);
    check(
        "[a, list]\n",
        &expect![[r#"
            error[wrong-type]
              × run.yaml:1:1: `configuration` must be a group of keys, not a list
               ╭─[run.yaml:1:1]
             1 │ [a, list]
               · ┬
               · ╰── wrong type
               ╰────
              help: write its keys below it, indented, each as `key: value`
        "#]],
    );
}

#[test]
fn thresholds_are_refused_at_the_word_that_is_wrong() {
    check(
        "workload: imdb\nthresholds:\n  - \"p95 < 80ms\"\n  - \"p95 < 80\"\n  - tsp > 2400\n",
        &expect![[r#"
            error[malformed]
              × run.yaml:4:12: threshold "p95 < 80": the limit of `p95` has no unit that fits
               ╭─[run.yaml:4:12]
             3 │   - "p95 < 80ms"
             4 │   - "p95 < 80"
               ·            ─┬
               ·             ╰── this threshold
             5 │   - tsp > 2400
               ╰────
              help: write the unit: us, ms or s, such as 80ms

            error[malformed]
              × run.yaml:5:5: threshold "tsp > 2400": `tsp` is no figure that can be limited
               ╭─[run.yaml:5:5]
             4 │   - "p95 < 80"
             5 │   - tsp > 2400
               ·     ─┬─
               ·      ╰── this threshold
               ╰────
              help: did you mean `tps`?
                    figures: p50, p90, p95, p99, p99.9, mean, max, tps, errors
        "#]],
    );
    check(
        "workload: imdb\nthresholds: p95 < 80ms\n",
        &expect![[r#"
        error[wrong-type]
          × run.yaml:2:13: `thresholds` must be a list, not text
           ╭─[run.yaml:2:13]
         1 │ workload: imdb
         2 │ thresholds: p95 < 80ms
           ·             ─────┬────
           ·                  ╰── wrong type
           ╰────
          help: write it like ["p95 < 80ms","errors < 1%"]
    "#]],
    );
}
