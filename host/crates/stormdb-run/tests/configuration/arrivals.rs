//! Open loops: one rate for every band, ladders of rates, and keys that make neither.

use expect_test::{Expect, expect};
use stormdb_run::{
    config::{
        overrides::Overrides,
        run_config::{ArrivalProcess, Arrivals, LoadConfig},
        warning::WarningId,
    },
    plan::{PlanError, plan},
};

use crate::load::{check, load_with, loaded, sets};

/// Workers, connections and rate of every band.
fn bands(yaml: &str, overrides: &Overrides) -> Vec<(u32, u32, Option<f64>)> {
    let resolved = match load_with(yaml, &[], overrides) {
        Ok(resolved) => resolved,
        Err(error) => panic!("{}", error.render(false)),
    };
    let plan = plan(&resolved.config, None).unwrap();
    let bands = plan.bands.iter();
    bands.map(|band| (band.workers, band.connections, band.arrivals.map(|it| it.rate))).collect()
}

fn rate(per_second: f64) -> Overrides {
    Overrides { arrival_rate: Some(per_second), ..Overrides::default() }
}

#[test]
fn a_single_band_arrives_at_random_unless_it_is_told_otherwise() {
    let arrivals = |yaml: &str| match loaded(yaml).config.load {
        LoadConfig::Single(single) => single.arrivals,
        LoadConfig::Progressive(ladder) => panic!("{ladder:?}"),
    };
    let (poisson, constant) = (ArrivalProcess::Poisson, ArrivalProcess::Constant);
    assert_eq!(arrivals("workload: imdb\n"), None);
    assert_eq!(
        arrivals("workload: imdb\narrival_rate: 2000\n"),
        Some(Arrivals { rate: 2000.0, process: poisson })
    );
    assert_eq!(
        arrivals("workload: imdb\narrival_rate: 0.5\narrivals: constant\n"),
        Some(Arrivals { rate: 0.5, process: constant })
    );
}

#[test]
fn one_rate_is_the_rate_of_every_band() {
    let sizes = "workload: imdb\nprogressive:\n  min_workers: 4\n  max_workers: 8\n  \
                 min_connections: 4\n  max_connections: 8\n  bands: 3\n";
    let expected = [(4, 4, Some(50.0)), (6, 6, Some(50.0)), (8, 8, Some(50.0))];
    let inside = format!("{sizes}  arrival_rate: 50\n");
    let outside = format!("arrival_rate: 50\n{sizes}");
    assert_eq!(bands(&inside, &Overrides::default()), expected);
    assert_eq!(bands(&outside, &Overrides::default()), expected);
    assert_eq!(bands(sizes, &rate(50.0)), expected);
}

#[test]
fn a_ladder_of_rates_is_spaced_by_its_strategy_and_keeps_its_size() {
    let exponential = "workload: imdb\nprogressive:\n  strategy: exponential\n  bands: 5\n  \
                       min_arrival_rate: 250\n  max_arrival_rate: 4000\n";
    let sized = |workers, connections| {
        [250.0, 500.0, 1000.0, 2000.0, 4000.0].map(|rate| (workers, connections, Some(rate)))
    };
    let with = |more: &str| bands(&format!("{exponential}{more}"), &Overrides::default());
    assert_eq!(with(""), sized(8, 8));
    assert_eq!(with("  min_workers: 32\n  max_workers: 32\n"), sized(32, 32));
    assert_eq!(
        with("  min_workers: 32\n  max_workers: 32\n  min_connections: 8\n  max_connections: 8\n"),
        sized(32, 8)
    );
    assert_eq!(with("workers: 16\n"), sized(16, 16));
    assert_eq!(with("connections: 16\nworkers: 24\n"), sized(24, 16));
    let resolved = loaded(&format!("{exponential}workers: 16\n"));
    assert_eq!(resolved.warnings, []);
}

#[test]
fn a_later_layer_replaces_a_ladder_of_rates_by_one_rate_and_back() {
    let ladder = "workload: imdb\nworkers: 2\nprogressive: {bands: 3, min_arrival_rate: 10, \
                  max_arrival_rate: 30, max_workers: 2, min_workers: 2, max_connections: 2, \
                  min_connections: 2}\n";
    let rates =
        |yaml, overrides| -> Vec<_> { bands(yaml, &overrides).iter().map(|band| band.2).collect() };
    assert_eq!(rates(ladder, Overrides::default()), [10.0, 20.0, 30.0].map(Some));
    // Neither size nor rate grows, so that there is one band.
    assert_eq!(rates(ladder, rate(7.0)), [Some(7.0)]);
    let back = sets(&["progressive.min_arrival_rate=1", "progressive.max_arrival_rate=3"]);
    let single = "workload: imdb\narrival_rate: 9\nprogressive: {bands: 3}\n";
    assert_eq!(rates(single, back), [1.0, 2.0, 3.0].map(Some));
}

#[test]
fn rates_closer_than_a_thousandth_are_fewer_bands() {
    let resolved = loaded(
        "workload: imdb\nprogressive: {bands: 5, min_arrival_rate: 10, max_arrival_rate: 10.002}\n",
    );
    let plan = plan(&resolved.config, None).unwrap();
    assert_eq!(plan.bands.len(), 3);
    assert!(plan.warnings.iter().any(|warning| warning.id == WarningId::BandsReduced));
}

#[test]
fn a_rate_at_which_nothing_arrives_cannot_be_planned() {
    let resolved = loaded("workload: imdb\narrival_rate: 0.01\nduration: 40s\n");
    let error = plan(&resolved.config, None).unwrap_err();
    assert!(matches!(error, PlanError::NoArrivals { .. }), "{error:?}");
    expect!["at 0.01 operations per second nothing arrives in 40s; raise the arrival rate, or measure for longer"].assert_eq(&error.to_string());
}

#[test]
fn one_rate_beside_a_ladder_of_rates() {
    check(
        "workload: imdb\nprogressive:\n  arrival_rate: 500\n  min_arrival_rate: 100\n  \
         max_arrival_rate: 900\n",
        &expect![[r#"
            error[contradiction]
              × run.yaml:3:3: `arrival_rate` and `min_arrival_rate` cannot both be given
               ╭─[run.yaml:3:3]
             2 │ progressive:
             3 │   arrival_rate: 500
               ·   ──────┬─────
               ·         ╰── this
             4 │   min_arrival_rate: 100
               ·   ────────┬───────
               ·           ╰── and this
             5 │   max_arrival_rate: 900
               ╰────
              help: keep one of the two and delete the other
        "#]],
    );
    check(
        "workload: imdb\narrival_rate: 500\nprogressive:\n  arrival_rate: 600\n",
        &expect![[r#"
            error[contradiction]
              × run.yaml:2:1: `arrival_rate` and `progressive.arrival_rate` cannot both be given
               ╭─[run.yaml:2:1]
             1 │ workload: imdb
             2 │ arrival_rate: 500
               · ──────┬─────
               ·       ╰── this
             3 │ progressive:
             4 │   arrival_rate: 600
               ·   ──────┬─────
               ·         ╰── and this
               ╰────
              help: keep one of the two and delete the other
        "#]],
    );
}

#[test]
fn arrivals_without_a_rate() {
    check(
        "workload: imdb\narrivals: constant\n",
        &expect![[r#"
        error[missing-key]
          × run.yaml:2:1: `arrivals` says how operations arrive, but no `arrival_rate` says how many
           ╭─[run.yaml:2:1]
         1 │ workload: imdb
         2 │ arrivals: constant
           · ────┬───
           ·     ╰── without a rate
           ╰────
          help: add `arrival_rate: 1000` (operations per second), or delete `arrivals`
    "#]],
    );
    check(
        "workload: imdb\nprogressive:\n  max_workers: 4\n  arrivals: poisson\n",
        &expect![[r#"
            error[missing-key]
              × run.yaml:4:3: `arrivals` says how operations arrive, but no `arrival_rate` says how many
               ╭─[run.yaml:4:3]
             3 │   max_workers: 4
             4 │   arrivals: poisson
               ·   ────┬───
               ·       ╰── without a rate
               ╰────
              help: add `arrival_rate: 1000` (operations per second), or delete `arrivals`
        "#]],
    );
}

#[test]
fn rates_that_are_none() {
    let refused = |value: &str, expected: &Expect| {
        let yaml = format!("workload: imdb\narrival_rate: {value}\n");
        let error = load_with(&yaml, &[], &Overrides::default()).unwrap_err();
        expected.assert_eq(&error.to_string());
    };
    refused(
        "0",
        &expect![
            "run.yaml:2:15: `arrival_rate` is 0, below the minimum of 0.001; use a value from 0.001 to 1000000"
        ],
    );
    refused(
        "-5",
        &expect![
            "run.yaml:2:15: `arrival_rate` is -5, below the minimum of 0.001; use a value from 0.001 to 1000000"
        ],
    );
    refused(
        "2e6",
        &expect![
            "run.yaml:2:15: `arrival_rate` is 2000000, above the maximum of 1000000; use a value from 0.001 to 1000000"
        ],
    );
    refused(
        ".inf",
        &expect![
            "run.yaml:2:15: non-finite float `.inf` rejected by the configured policy; check the indentation, the quotes and the `key: value` form around this place"
        ],
    );
    refused(
        "fast",
        &expect!["run.yaml:2:15: `arrival_rate` must be a number, not text; write a number"],
    );
    let error = load_with("workload: imdb\n", &[], &rate(f64::INFINITY)).unwrap_err();
    expect!["--arrival-rate inf: `arrival_rate` must be a number, not text; write a number"]
        .assert_eq(&error.to_string());
}

#[test]
fn half_a_ladder_of_rates_and_one_upside_down() {
    check(
        "workload: imdb\nprogressive:\n  min_arrival_rate: 100\n",
        &expect![[r#"
        error[missing-key]
          × run.yaml:3:3: `min_arrival_rate` needs `max_arrival_rate`: together they are a ladder of rates
           ╭─[run.yaml:3:3]
         2 │ progressive:
         3 │   min_arrival_rate: 100
           ·   ────────┬───────
           ·           ╰── one end of a ladder
           ╰────
          help: add `max_arrival_rate`, or write `arrival_rate` for the same rate in every band
    "#]],
    );
    check(
        "workload: imdb\nprogressive:\n  min_arrival_rate: 100\n  max_arrival_rate: 50.5\n",
        &expect![[r#"
            error[min-above-max]
              × run.yaml:4:21: `max_arrival_rate` is 50.5, below `min_arrival_rate`, which is 100 at run.yaml:3:21
               ╭─[run.yaml:4:21]
             2 │ progressive:
             3 │   min_arrival_rate: 100
               ·                     ─┬─
               ·                      ╰── the minimum
             4 │   max_arrival_rate: 50.5
               ·                     ──┬─
               ·                       ╰── must be 100 or more
               ╰────
              help: raise `max_arrival_rate` or lower `min_arrival_rate`
        "#]],
    );
}

#[test]
fn a_ladder_of_rates_and_of_workers() {
    check(
        "workload: imdb\nprogressive:\n  max_workers: 32\n  min_arrival_rate: 100\n  \
         max_arrival_rate: 900\n",
        &expect![[r#"
            error[contradiction]
              × run.yaml:3:3: a ladder of arrival rates has the same workers in every band, but `min_workers` is not given and
              │ `max_workers` is 32
               ╭─[run.yaml:3:3]
             2 │ progressive:
             3 │   max_workers: 32
               ·   ─────┬─────
               ·        ╰── the workers grow
             4 │   min_arrival_rate: 100
               ·   ────────┬───────
               ·           ╰── and the rate
             5 │   max_arrival_rate: 900
               ╰────
              help: give `min_workers` and `max_workers` the same value, or one `arrival_rate` for all bands in place of
                    `min_arrival_rate` and `max_arrival_rate`
        "#]],
    );
    check(
        "workload: imdb\nprogressive:\n  strategy: grid\n  min_arrival_rate: 100\n  \
         max_arrival_rate: 900\n",
        &expect![[r#"
            error[contradiction]
              × run.yaml:3:3: a ladder of arrival rates cannot be a grid, as `strategy` asks
               ╭─[run.yaml:3:3]
             2 │ progressive:
             3 │   strategy: grid
               ·   ────┬───
               ·       ╰── this asks for a grid
             4 │   min_arrival_rate: 100
               ·   ────────┬───────
               ·           ╰── and this for a ladder of rates
             5 │   max_arrival_rate: 900
               ╰────
              help: delete one of the two; `bands` says how many rates there are
        "#]],
    );
}
