//! What a load costs, and whether curves are fitted.

use expect_test::expect;
use stormdb_analysis::assess::economy::Cost;

use crate::load::{check, loaded};

#[test]
fn a_cost_may_be_that_of_the_server_or_of_its_connections() {
    let cost = |text: &str| loaded(&format!("workload: imdb\n{text}")).config.cost;
    let of = |per_hour, per_connection| Some(Cost { per_hour, per_connection });
    assert_eq!(cost("cost: {per_hour: 1.5, per_connection: 0.02}\n"), of(1.5, 0.02));
    assert_eq!(cost("cost: {per_connection: 0.02}\n"), of(0.0, 0.02));
    assert_eq!(cost(""), None);
}

#[test]
fn a_cost_of_nothing_is_refused() {
    check(
        "workload: imdb\ncost: {per_hour: 0}\n",
        &expect![[r#"
            error[missing-key]
              × run.yaml:2:1: `cost` needs `per_hour` or `per_connection` above 0: a load that costs nothing cannot be weighed
               ╭─[run.yaml:2:1]
             1 │ workload: imdb
             2 │ cost: {per_hour: 0}
               · ──┬─
               ·   ╰── without a cost
               ╰────
              help: add `per_hour: 1.50` (of the server) or `per_connection: 0.02`, or delete `cost`
        "#]],
    );
}

#[test]
fn a_negative_cost_is_refused() {
    check(
        "workload: imdb\ncost:\n  per_connection: -1\n",
        &expect![[r#"
            error[out-of-range]
              × run.yaml:3:19: `per_connection` is -1, below the minimum of 0
               ╭─[run.yaml:3:19]
             2 │ cost:
             3 │   per_connection: -1
               ·                   ─┬
               ·                    ╰── out of range
               ╰────
              help: use a value from 0 to 1000000000
        "#]],
    );
}

#[test]
fn analysis_is_on_unless_it_is_switched_off_in_either_spelling() {
    let analysis = |text: &str| loaded(&format!("workload: imdb\n{text}")).config.analysis;
    assert!(analysis(""));
    assert!(!analysis("progressive: {max_workers: 8, analysis: false}\n"));
    assert!(!analysis("progressive: {max_workers: 8, enable_analysis: false}\n"));
}
