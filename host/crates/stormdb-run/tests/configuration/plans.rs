//! Bands, times and limits of a run.

use expect_test::expect;
use stormdb_run::config::Resolved;
use stormdb_run::config::overrides::Overrides;
use stormdb_run::config::warning::WarningId;
use stormdb_run::plan::{PlanError, RunPlan, ServerLimits, plan};

use crate::load::{load_with, loaded, sets};

const FREE_96: ServerLimits = ServerLimits { max_connections: 100, reserved: 3, in_use: 1 };

fn bare_ladder() -> Resolved {
    let overrides = Overrides { progressive: true, ..Overrides::default() };
    load_with("workload: imdb\n", &[], &overrides).unwrap()
}

fn sizes(plan: &RunPlan) -> Vec<(u32, u32)> {
    plan.bands.iter().map(|band| (band.workers, band.connections)).collect()
}

fn messages(plan: &RunPlan) -> String {
    plan.warnings.iter().map(|warning| format!("{:?}: {}\n", warning.id, warning.message)).collect()
}

#[test]
fn a_bare_ladder_climbs_to_what_the_server_has_free() {
    let known = plan(&bare_ladder().config, Some(FREE_96)).unwrap();
    assert_eq!(sizes(&known), [(1, 1), (2, 2), (6, 6), (15, 15), (39, 39), (96, 96)]);
    assert_eq!(known.warnings, []);
    let band = &known.bands[0];
    assert_eq!(
        (band.warmup.as_secs(), band.measure.as_secs(), band.cooldown.as_secs()),
        (5, 30, 2)
    );

    let assumed = plan(&bare_ladder().config, None).unwrap();
    assert_eq!(assumed.bands[5].workers, 97);
    assert_eq!(assumed.server, None);
    expect![[r#"
        LimitAssumed: the ladder goes up to 97: no maximum is set and what the server allows is not known, so PostgreSQL's own max_connections of 100 less 3 reserved ones is assumed; set `max_workers` and `max_connections`
    "#]].assert_eq(&messages(&assumed));
}

#[test]
fn a_server_without_free_connections_is_refused() {
    let full = ServerLimits { max_connections: 10, reserved: 3, in_use: 8 };
    assert_eq!(full.free(), 0);
    let error = plan(&bare_ladder().config, Some(full)).unwrap_err();
    assert!(
        matches!(error, PlanError::NothingFree { axis: "workers", min: 1, free: 0 }),
        "{error:?}"
    );
    expect!["the ladder starts with 1 workers but the server has 0 free connections; close others, lower `min_workers`, or raise max_connections on the server"].assert_eq(&error.to_string());
}

#[test]
fn bands_beyond_the_server_are_named() {
    let resolved = loaded(
        "workload: imdb\nprogressive: {max_workers: 10, min_connections: 90, max_connections: 99, bands: 4}\n",
    );
    let plan = plan(&resolved.config, Some(FREE_96)).unwrap();
    assert_eq!(plan.bands_beyond_server, [4]);
    assert_eq!(plan.connections_max, 99);
    expect![[r#"
        BeyondServer: up to 99 connections are needed in band 4, but of the server's max_connections of 100 only 96 are free; plan fewer connections, or raise max_connections on the server
        LongRun: 4 bands take 2h 6m in all
    "#]].assert_eq(&messages(&plan));
}

#[test]
fn the_json_form() {
    let resolved = loaded("workload: imdb\nworkers: 3\nconnections: 2\nduration: 2500ms\n");
    let plan = plan(&resolved.config, Some(FREE_96)).unwrap();
    let json = serde_json::to_string_pretty(&plan).unwrap();
    expect![[r#"
        {
          "bands": [
            {
              "index": 1,
              "workers": 3,
              "connections": 2,
              "warmup_seconds": 0.0,
              "measure_seconds": 2.5,
              "cooldown_seconds": 0.0,
              "repeat": 1,
              "purpose": "planned"
            }
          ],
          "total_seconds": 2.5,
          "repeats": 1,
          "confirm": false,
          "connections_max": 2,
          "server": {
            "max_connections": 100,
            "reserved": 3,
            "in_use": 1
          },
          "bands_beyond_server": [],
          "warnings": [
            {
              "id": "workers-above-connections",
              "message": "more workers than connections in band 1: latency includes the wait for a connection, which is also shown apart"
            }
          ]
        }"#]].assert_eq(&json);
    assert_eq!(serde_json::from_str::<RunPlan>(&json).unwrap(), plan);
}

#[test]
fn a_large_grid_is_thinned_and_says_so() {
    let resolved = loaded(
        "workload: imdb\nprogressive: {strategy: grid, min_workers: 1, max_workers: 40, step_workers: 1, min_connections: 10, max_connections: 50, step_connections: 10}\n",
    );
    let plan = plan(&resolved.config, None).unwrap();
    assert_eq!(plan.bands.len(), 100);
    assert_eq!(plan.strategy.as_deref(), Some("grid"));
    assert_eq!(sizes(&plan)[..2], [(1, 10), (1, 20)]);
    assert_eq!(sizes(&plan)[99], (40, 50));
    let capped = plan.warnings.iter().find(|warning| warning.id == WarningId::GridCapped).unwrap();
    expect!["the grid of 40 x 5 bands is thinned to 20 x 5, at most 100 in all, by leaving out values evenly; use wider steps to choose them"].assert_eq(&capped.message);
}

#[test]
fn a_grid_along_one_axis_needs_one_step() {
    let resolved = loaded(
        "workload: imdb\nprogressive: {min_workers: 4, max_workers: 4, min_connections: 2, max_connections: 8, step_connections: 2}\n",
    );
    assert_eq!(sizes(&plan(&resolved.config, None).unwrap()), [(4, 2), (4, 4), (4, 6), (4, 8)]);
}

#[test]
fn a_narrow_axis_has_fewer_bands() {
    let resolved = loaded(
        "workload: imdb\nprogressive: {max_workers: 4, min_connections: 10, max_connections: 100, bands: 8}\n",
    );
    let plan = plan(&resolved.config, None).unwrap();
    assert_eq!(sizes(&plan), [(1, 10), (2, 40), (3, 70), (4, 100)]);
    assert_eq!(plan.warnings[0].id, WarningId::BandsReduced);
}

/// The flags that the warning offers are the ones that give the alternative.
#[test]
fn the_paired_alternative_is_what_its_flags_give() {
    let bounds = "min_workers: 2, max_workers: 10, min_connections: 4, max_connections: 8";
    let steps = "step_workers: 2, step_connections: 4, test_duration: 10s";
    for grid in ["strategy: linear", "strategy: grid", "pairing: grid"] {
        let yaml = format!("workload: imdb\nprogressive: {{{bounds}, {steps}, {grid}}}\n");
        let alternative = plan(&loaded(&yaml).config, None).unwrap().paired_alternative.unwrap();
        let set = alternative.flags.strip_prefix("--set ").unwrap();
        let resolved = load_with(&yaml, &[], &sets(&[set])).unwrap();
        let typed = plan(&resolved.config, None).unwrap();
        assert_eq!(typed.bands, alternative.bands, "{grid}");
        assert_eq!(sizes(&typed), [(2, 4), (4, 5), (6, 6), (8, 7), (10, 8)]);
    }
}
