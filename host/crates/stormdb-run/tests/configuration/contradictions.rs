//! Keys, spellings and flags that cannot stand together.

use expect_test::expect;
use stormdb_run::config::overrides::Overrides;

use crate::load::{check, check_with};

#[test]
fn range_and_bounds_are_said_together() {
    check(
        "workload: imdb\nprogressive:\n  min_workers: 10\n  max_workers: 5\n  bands: 60\n",
        &expect![[r#"
            error[min-above-max]
              × run.yaml:4:16: `max_workers` is 5, below `min_workers`, which is 10 at run.yaml:3:16
               ╭─[run.yaml:4:16]
             2 │ progressive:
             3 │   min_workers: 10
               ·                ─┬
               ·                 ╰── the minimum
             4 │   max_workers: 5
               ·                ┬
               ·                ╰── must be 10 or more
             5 │   bands: 60
               ╰────
              help: raise `max_workers` or lower `min_workers`

            error[out-of-range]
              × run.yaml:5:10: `bands` is 60, above the maximum of 25
               ╭─[run.yaml:5:10]
             4 │   max_workers: 5
             5 │   bands: 60
               ·          ─┬
               ·           ╰── out of range
               ╰────
              help: use a value from 3 to 25
        "#]],
    );
}

#[test]
fn both_spellings_with_different_values() {
    check(
        "workload: imdb\nprogressive:\n  test_duration: 2m\n  band_duration: 90s\n  export_format: csv\n  export_json: true\n",
        &expect![[r#"
            error[contradiction]
              × run.yaml:4:3: `band_duration: 90s` contradicts `test_duration: 2m` at run.yaml:3:3
               ╭─[run.yaml:4:3]
             2 │ progressive:
             3 │   test_duration: 2m
               ·   ──────┬──────
               ·         ╰── and this
             4 │   band_duration: 90s
               ·   ──────┬──────
               ·         ╰── this
             5 │   export_format: csv
               ╰────
              help: keep one of the two and delete the other

            error[contradiction]
              × run.yaml:5:3: `export_format: csv` contradicts `export_json: true` at run.yaml:6:3
               ╭─[run.yaml:5:3]
             4 │   band_duration: 90s
             5 │   export_format: csv
               ·   ──────┬──────
               ·         ╰── this
             6 │   export_json: true
               ·   ─────┬─────
               ·        ╰── and this
               ╰────
              help: keep one of the two and delete the other
        "#]],
    );
}

#[test]
fn bands_beside_steps() {
    check(
        "workload: imdb\nprogressive:\n  bands: 5\n  max_workers: 8\n  step_workers: 2\n",
        &expect![[r#"
            error[contradiction]
              × run.yaml:3:3: `bands` and `step_workers` cannot both be given
               ╭─[run.yaml:3:3]
             2 │ progressive:
             3 │   bands: 5
               ·   ──┬──
               ·     ╰── this
             4 │   max_workers: 8
             5 │   step_workers: 2
               ·   ──────┬─────
               ·         ╰── and this
               ╰────
              help: keep one of the two and delete the other
        "#]],
    );
}

#[test]
fn two_passwords() {
    check(
        "workload: imdb\ndatabase:\n  password: hunter2\n  password_file: secret\n",
        &expect![[r#"
            error[contradiction]
              × run.yaml:3:3: `password` and `password_file` cannot both be given
               ╭─[run.yaml:3:3]
             2 │ database:
             3 │   password: *******
               ·   ────┬───
               ·       ╰── this
             4 │   password_file: secret
               ·   ──────┬──────
               ·         ╰── and this
               ╰────
              help: keep one of the two and delete the other
        "#]],
    );
}

#[test]
fn grid_without_steps() {
    check(
        "workload: imdb\nprogressive:\n  strategy: grid\n  max_workers: 8\n  max_connections: 8\n",
        &expect![[r#"
            error[missing-key]
              × run.yaml:3:3: a grid needs `step_workers` and `step_connections`
               ╭─[run.yaml:3:3]
             2 │ progressive:
             3 │   strategy: grid
               ·   ────┬───
               ·       ╰── this asks for a grid
             4 │   max_workers: 8
               ╰────
              help: add `step_workers` and `step_connections`, or write `bands: 5` in place of the steps for workers and
                    connections in pairs
        "#]],
    );
}

#[test]
fn curved_grid() {
    check(
        "workload: imdb\nprogressive:\n  strategy: fibonacci\n  pairing: grid\n  step_workers: 8\n",
        &expect![[r#"
            error[contradiction]
              × run.yaml:4:3: a grid of linear steps on both axes has no other `strategy`
               ╭─[run.yaml:4:3]
             2 │ progressive:
             3 │   strategy: fibonacci
               ·   ────┬───
               ·       ╰── and this for pairs
             4 │   pairing: grid
               ·   ───┬───
               ·      ╰── this asks for a grid
             5 │   step_workers: 8
               ╰────
              help: delete one of the two; a grid is sized by `step_workers` and `step_connections`
        "#]],
    );
}

#[test]
fn embedded_beside_a_host() {
    let overrides =
        Overrides { embedded: true, host: Some("db".to_owned()), ..Overrides::default() };
    check_with(
        "workload: imdb\n",
        &[],
        &overrides,
        &expect![[r#"
            error[contradiction]
              × --host db: `--embedded` contradicts `--host db`, which names a server
               ╭─[--host:1:1]
             1 │ --host db
               · ───┬──
               ·    ╰── this names a server
               ╰────
              help: keep `--embedded` for a private server, or the other flag for yours
        "#]],
    );
}
