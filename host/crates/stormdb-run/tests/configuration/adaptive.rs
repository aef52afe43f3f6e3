//! Runs that decide while they go on: when bands end, where they are placed, how often they are run.

use std::time::Duration;

use expect_test::expect;
use stormdb_run::{
    config::{
        run_config::{LadderConfig, LoadConfig, StopRule},
        warning::WarningId,
    },
    plan::{RunPlan, plan},
};

use crate::load::{check, loaded};

fn ladder(progressive: &str) -> LadderConfig {
    let yaml = format!("workload: imdb\nprogressive: {{{progressive}}}\n");
    match loaded(&yaml).config.load {
        LoadConfig::Progressive(ladder) => ladder,
        LoadConfig::Single(single) => panic!("{single:?}"),
    }
}

fn planned(yaml: &str) -> RunPlan {
    plan(&loaded(yaml).config, None).unwrap()
}

const SECOND: Duration = Duration::from_secs(1);

/// The rule in its parts, and the longest time, in seconds.
fn stop(progressive: &str) -> (f64, u64, u64) {
    let LadderConfig { stop, measure, .. } = ladder(progressive);
    let StopRule { precision, min } = stop.unwrap();
    (precision, min.as_secs(), measure.as_secs())
}

#[test]
fn a_rule_has_defaults_and_takes_both_forms_of_a_percentage() {
    assert_eq!(stop("stop: {}"), (0.02, 60, 600));
    assert_eq!(stop("stop: {precision: 5%, min: 20s, max: 2m}"), (0.05, 20, 120));
    assert_eq!(stop("stop: {precision: 0.005}"), (0.005, 60, 600));
    // What stands in the place of the longest time shortens the least one, too.
    assert_eq!(stop("test_duration: 45s, stop: {precision: 1%}"), (0.01, 45, 45));
    assert_eq!(ladder("max_workers: 4").stop, None);
}

#[test]
fn test_duration_says_nothing_beside_the_longest_time() {
    let yaml = "workload: imdb\nprogressive: {test_duration: 5m, stop: {max: 2m}}\n";
    let warnings = loaded(yaml).warnings;
    let no_effect = warnings.iter().find(|warning| warning.id == WarningId::NoEffect).unwrap();
    assert!(no_effect.message.contains("`test_duration` has no effect"), "{no_effect}");
}

#[test]
fn a_rule_that_cannot_hold_is_refused_in_its_place() {
    check(
        "workload: imdb\nprogressive:\n  stop: {precision: 80%, min: 2m, max: 1m}\n",
        &expect![[r#"
            error[out-of-range]
              × run.yaml:3:21: `precision` is not between 0.1% and 50%
               ╭─[run.yaml:3:21]
             2 │ progressive:
             3 │   stop: {precision: 80%, min: 2m, max: 1m}
               ·                     ─┬─
               ·                      ╰── out of range
               ╰────
              help: write it like "2%" or 0.02

            error[min-above-max]
              × run.yaml:3:40: `stop.max` is below `stop.min`: no band could last long enough
               ╭─[run.yaml:3:40]
             2 │ progressive:
             3 │   stop: {precision: 80%, min: 2m, max: 1m}
               ·                               ─┬       ─┬
               ·                                │        ╰── must not be below `stop.min`
               ·                                ╰── the minimum
               ╰────
              help: raise `stop.max` or lower `stop.min`
        "#]],
    );
    check(
        "workload: imdb\nprogressive:\n  stop: {precision: two}\n",
        &expect![[r#"
        error[malformed]
          × run.yaml:3:21: `two` is not a percentage
           ╭─[run.yaml:3:21]
         2 │ progressive:
         3 │   stop: {precision: two}
           ·                     ─┬─
           ·                      ╰── malformed
           ╰────
          help: write it like "2%" or "0.5%"
    "#]],
    );
    check(
        "workload: imdb\nprogressive:\n  stop: {precision: 2.0}\n",
        &expect![[r#"
        error[out-of-range]
          × run.yaml:3:21: `precision` is 2, above the maximum of 0.5
           ╭─[run.yaml:3:21]
         2 │ progressive:
         3 │   stop: {precision: 2.0}
           ·                     ─┬─
           ·                      ╰── out of range
           ╰────
          help: use a value from 0.001 to 0.5
    "#]],
    );
}

#[test]
fn an_adaptive_ladder_contradicts_what_leaves_it_nothing_to_choose() {
    check(
        "workload: imdb\nprogressive:\n  strategy: adaptive\n  step_workers: 2\n",
        &expect![[r#"
            error[contradiction]
              × run.yaml:3:13: an adaptive ladder cannot be a grid, as `step_workers` asks
               ╭─[run.yaml:3:13]
             2 │ progressive:
             3 │   strategy: adaptive
               ·             ────┬───
               ·                 ╰── this chooses pairs
             4 │   step_workers: 2
               ·   ──────┬─────
               ·         ╰── and this asks for a grid
               ╰────
              help: delete one of the two
        "#]],
    );
    check(
        "workload: imdb\nprogressive:\n  strategy: adaptive\n  min_workers: 4\n  max_workers: 4\n",
        &expect![[r#"
            error[contradiction]
              × run.yaml:3:13: an adaptive ladder has nothing to choose: the workers do not vary
               ╭─[run.yaml:3:13]
             2 │ progressive:
             3 │   strategy: adaptive
               ·             ────┬───
               ·                 ╰── this looks for the best number of workers
             4 │   min_workers: 4
             5 │   max_workers: 4
               ·   ─────┬─────
               ·        ╰── and this leaves one
               ╰────
              help: raise `max_workers` above `min_workers`, or choose another strategy
        "#]],
    );
    check(
        "workload: imdb\narrival_rate: 50\nprogressive:\n  strategy: adaptive\n  confirm: true\n",
        &expect![[r#"
            error[contradiction]
              × run.yaml:4:13: `strategy` looks for the best number of workers, and a given rate of arrivals has none
               ╭─[run.yaml:4:13]
             1 │ workload: imdb
             2 │ arrival_rate: 50
               · ──────┬─────
               ·       ╰── and this gives the rate
             3 │ progressive:
             4 │   strategy: adaptive
               ·             ────┬───
               ·                 ╰── this looks for an optimum
             5 │   confirm: true
               ╰────
              help: delete one of the two

            error[contradiction]
              × run.yaml:5:12: `confirm` looks for the best number of workers, and a given rate of arrivals has none
               ╭─[run.yaml:5:12]
             1 │ workload: imdb
             2 │ arrival_rate: 50
               · ──────┬─────
               ·       ╰── and this gives the rate
             3 │ progressive:
             4 │   strategy: adaptive
             5 │   confirm: true
               ·            ──┬─
               ·              ╰── this looks for an optimum
               ╰────
              help: delete one of the two
        "#]],
    );
}

#[test]
fn an_adaptive_plan_says_what_is_known_and_how_much_there_may_be() {
    let plan = planned(
        "workload: imdb\nprogressive:\n  strategy: adaptive\n  min_workers: 1\n  max_workers: 64\n  \
         min_connections: 1\n  max_connections: 64\n  warmup_duration: 1s\n  cooldown_duration: 1s\n  \
         stop: {min: 8s, max: 28s}\n  confirm: true\n",
    );
    let workers: Vec<u32> = plan.bands.iter().map(|band| band.workers).collect();
    assert_eq!(workers, [1, 4, 16, 64]);
    assert_eq!((plan.bands_known(), plan.bands_max()), (None, 10));
    // Ten bands of 30 s at most; four, and two to confirm, of 10 s at least.
    assert_eq!((plan.total, plan.total_min), (300 * SECOND, Some(60 * SECOND)));
    assert_eq!(plan.strategy.as_deref(), Some("adaptive"));
    assert_eq!(plan.bands[0].interval(), Duration::from_millis(133));
}

#[test]
fn few_bands_of_an_adaptive_ladder_still_span_its_range() {
    let plan = planned(
        "workload: imdb\nprogressive: {strategy: adaptive, bands: 3, min_workers: 2, max_workers: 50}\n",
    );
    let workers: Vec<u32> = plan.bands.iter().map(|band| band.workers).collect();
    assert_eq!(workers, [2, 10, 50]);
    assert_eq!(plan.bands_max(), 3);
}

#[test]
fn repeats_multiply_every_kind_of_plan() {
    let single = planned("workload: imdb\nworkers: 4\nduration: 10s\nrepeats: 3\n");
    assert_eq!((single.bands.len(), single.total), (3, 30 * SECOND));
    let grid = planned(
        "workload: imdb\nrepeats: 2\nprogressive: {pairing: grid, max_workers: 2, max_connections: 2, \
         step_workers: 1, step_connections: 1}\n",
    );
    let sizes: Vec<_> = grid.bands.iter().map(|band| (band.workers, band.connections)).collect();
    assert_eq!(sizes[..4], [(1, 1), (1, 2), (2, 1), (2, 2)]);
    assert!(sizes[4..].iter().eq(sizes[..4].iter().rev()), "{sizes:?}");
    let adaptive = planned(
        "workload: imdb\nrepeats: 2\nprogressive: {strategy: adaptive, max_workers: 64, test_duration: 8s, \
         warmup_duration: 1s, cooldown_duration: 1s}\n",
    );
    assert_eq!((adaptive.bands.len(), adaptive.bands_max()), (4, 16));
    assert_eq!((adaptive.total, adaptive.total_min), (160 * SECOND, Some(80 * SECOND)));
}
