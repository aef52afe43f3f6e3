//! Which layer wins, which server is chosen, and what the layers mean together.

use std::path::PathBuf;
use std::time::Duration;

use expect_test::{Expect, expect};
use stormdb_run::config::Resolved;
use stormdb_run::config::overrides::Overrides;
use stormdb_run::config::run_config::{LoadConfig, SslMode, TargetConfig};
use stormdb_run::config::warning::WarningId;

use crate::load::{load_source, load_with, loaded, sets};

fn load(yaml: &str, variables: &[(&str, &str)], overrides: &Overrides) -> Resolved {
    match load_with(yaml, variables, overrides) {
        Ok(resolved) => resolved,
        Err(error) => panic!("{}", error.render(false)),
    }
}

fn warned(resolved: &Resolved) -> Vec<WarningId> {
    resolved.warnings.iter().map(|warning| warning.id).collect()
}

/// One value through all layers, each added to the ones before.
#[test]
fn default_then_file_then_variable_then_flag_then_set() {
    let scale = |yaml: &str, variables: &[(&str, &str)], overrides: &Overrides| {
        load(yaml, variables, overrides).config.workload.scale
    };
    let flag = Overrides { scale: Some(4), ..Overrides::default() };
    let set = Overrides { set: vec!["scale=5".to_owned(), "scale=6".to_owned()], ..flag.clone() };
    let (file, variable) = ("workload: imdb\nscale: 2\n", [("STORMDB_SCALE", "3")]);
    assert_eq!(scale("workload: imdb\n", &[], &Overrides::default()), None);
    assert_eq!(scale(file, &[], &Overrides::default()), Some(2));
    assert_eq!(scale(file, &variable, &Overrides::default()), Some(3));
    assert_eq!(scale(file, &variable, &flag), Some(4));
    assert_eq!(scale(file, &variable, &set), Some(6));
}

/// Every variable but those that change what the others mean.
const VARIABLES: &[(&str, &str)] = &[
    ("STORMDB_WORKLOAD", "simple"),
    ("STORMDB_SCALE", "7"),
    ("STORMDB_WORKERS", "3"),
    ("STORMDB_CONNECTIONS", "2"),
    ("STORMDB_DURATION", "90s"),
    ("STORMDB_REPEATS", "3"),
    ("STORMDB_HOST", "db"),
    ("STORMDB_PORT", "5433"),
    ("STORMDB_DBNAME", "2024"),
    ("STORMDB_USERNAME", "joe"),
    ("STORMDB_PASSWORD", "12345"),
    ("STORMDB_SSLMODE", "verify-full"),
    ("STORMDB_SSLROOTCERT", "ca.pem"),
    ("STORMDB_PLUGIN_PATHS", "a:b"),
    // No variable says whom to trust.
    ("STORMDB_TRUST_STORE", "ignored"),
    ("STORMDB_EXPORT_PATH", "out"),
    ("STORMDB_ARRIVAL_RATE", "2.5"),
    ("STORMDB_ARRIVALS", "constant"),
    ("STORMDB_SEED", "9"),
    ("STORMDB_EXECUTORS", "2"),
    ("STORMDB_DRIVER", "tokio-postgres"),
];

/// What the variables and flags above and below say, as it is recorded.
fn recorded_in_full() -> Expect {
    expect![[r#"
        {
          "target": {
            "kind": "server",
            "host": "db",
            "port": 5433,
            "dbname": "2024",
            "username": "joe",
            "password": {
              "source": "given"
            },
            "sslmode": "verify-full",
            "sslrootcert": "ca.pem"
          },
          "workload": {
            "name": "simple",
            "scale": 7,
            "settings": {},
            "mix": {}
          },
          "load": {
            "kind": "single",
            "workers": 3,
            "connections": 2,
            "arrivals": {
              "rate": 2.5,
              "process": "constant"
            },
            "measure_seconds": 90.0
          },
          "repeats": 3,
          "plugins": {
            "paths": [
              "a",
              "b"
            ],
            "trust_store": null,
            "policy": null,
            "lock": null,
            "locked": false,
            "sandbox": "best-effort"
          },
          "export": {
            "csv": true,
            "json": true,
            "path": "out"
          },
          "seed": 9,
          "retries": 3,
          "executors": 2,
          "driver": "tokio-postgres",
          "operation_deadline_seconds": 30.0,
          "thresholds": [],
          "evidence": {
            "server": true,
            "statements": true
          },
          "analysis": true,
          "cost": null
        }
    "#]]
}

#[test]
fn every_variable_and_every_flag_reaches_its_key() {
    let expected = recorded_in_full();
    expected.assert_eq(&recorded(&load_source(None, VARIABLES, &Overrides::default()).unwrap()));

    let overrides = Overrides {
        workload: Some("simple".to_owned()),
        scale: Some(7),
        workers: Some(3),
        connections: Some(2),
        duration: Some("90s".to_owned()),
        repeats: Some(3),
        arrival_rate: Some(2.5),
        arrivals: Some("constant".to_owned()),
        host: Some("db".to_owned()),
        port: Some(5433),
        dbname: Some("2024".to_owned()),
        username: Some("joe".to_owned()),
        seed: Some(9),
        executors: Some(2),
        driver: Some("tokio-postgres".to_owned()),
        plugin_paths: vec![PathBuf::from("a"), PathBuf::from("b")],
        export_path: Some(PathBuf::from("out")),
        set: vec![
            "database.password=\"12345\"".to_owned(),
            "database.sslmode=verify-full".to_owned(),
            "database.sslrootcert=ca.pem".to_owned(),
        ],
        ..Overrides::default()
    };
    expected.assert_eq(&recorded(&load_source(None, &[], &overrides).unwrap()));
}

/// No variable says whom to trust, so these are reached by flags alone.
#[test]
fn flags_reach_the_keys_of_trust() {
    let overrides = Overrides {
        workload: Some("simple".to_owned()),
        trust_store: Some(PathBuf::from("store")),
        trust_policy: Some(PathBuf::from("policy")),
        lock: Some(PathBuf::from("lock")),
        locked: true,
        ..Overrides::default()
    };
    let plugins = load_source(None, &[], &overrides).unwrap().config.plugins;
    let path = |text: &str| Some(PathBuf::from(text));
    assert_eq!((plugins.trust_store, plugins.policy), (path("store"), path("policy")));
    assert_eq!((plugins.lock, plugins.locked), (path("lock"), true));
}

/// What a run record keeps.
fn recorded(resolved: &Resolved) -> String {
    let text = serde_json::to_string_pretty(&resolved.config).unwrap();
    assert!(!text.contains("12345"), "a password in the record: {text}");
    text + "\n"
}

#[test]
fn progressive_by_variable_flag_or_file() {
    let is_ladder = |yaml: &str, variables: &[(&str, &str)], overrides: &Overrides| {
        matches!(load(yaml, variables, overrides).config.load, LoadConfig::Progressive(_))
    };
    let flag = Overrides { progressive: true, ..Overrides::default() };
    let switched_off = "workload: imdb\nprogressive: {enabled: false, max_workers: 8}\n";
    assert!(!is_ladder("workload: imdb\n", &[], &Overrides::default()));
    assert!(!is_ladder(
        "workload: imdb\nprogressive: {export: {path: out}}\n",
        &[],
        &Overrides::default()
    ));
    assert!(is_ladder(
        "workload: imdb\nprogressive: {max_workers: 8}\n",
        &[],
        &Overrides::default()
    ));
    assert!(is_ladder(
        "workload: imdb\n",
        &[("STORMDB_PROGRESSIVE", "true")],
        &Overrides::default()
    ));
    assert!(is_ladder("workload: imdb\n", &[], &flag));
    assert!(!is_ladder(switched_off, &[], &Overrides::default()));
    assert!(is_ladder(switched_off, &[], &flag));
}

#[test]
fn workers_and_connections_stand_in_for_each_other() {
    let single = |yaml| match loaded(yaml).config.load {
        LoadConfig::Single(single) => {
            (single.workers, single.connections, single.measure.as_secs())
        }
        LoadConfig::Progressive(ladder) => panic!("{ladder:?}"),
    };
    assert_eq!(single("workload: imdb\n"), (8, 8, 60));
    assert_eq!(single("workload: imdb\nworkers: 3\n"), (3, 3, 60));
    assert_eq!(single("workload: imdb\nconnections: 4\nduration: 1h30m\n"), (4, 4, 5400));
    assert_eq!(single("workload: imdb\nworkers: 3\nconnections: 4\n"), (3, 4, 60));
}

fn measure(resolved: &Resolved) -> Duration {
    match &resolved.config.load {
        LoadConfig::Progressive(ladder) => ladder.measure,
        LoadConfig::Single(single) => panic!("{single:?}"),
    }
}

/// `--duration 5s` shortens a documented ladder for a try; a `duration` line beside it does not.
#[test]
fn duration_decides_over_test_duration_only_from_above() {
    let yaml = "workload: imdb\nduration: 10s\nprogressive: {max_workers: 8, band_duration: 2m}\n";
    let plain = loaded(yaml);
    assert_eq!(measure(&plain).as_secs(), 120);
    assert_eq!(warned(&plain), [WarningId::NoEffect]);
    let flag = Overrides { duration: Some("6s".to_owned()), ..Overrides::default() };
    assert_eq!(measure(&load(yaml, &[], &flag)).as_secs(), 6);
    let set = Overrides { set: vec!["progressive.test_duration=7s".to_owned()], ..flag };
    assert_eq!(measure(&load(yaml, &[], &set)).as_secs(), 7);
    let bare = Overrides { progressive: true, ..Overrides::default() };
    assert_eq!(measure(&load("workload: imdb\nduration: 10s\n", &[], &bare)).as_secs(), 10);
    assert_eq!(measure(&load("workload: imdb\n", &[], &bare)).as_secs(), 30);
}

#[test]
fn a_later_layer_may_choose_bands_where_the_file_has_steps() {
    let yaml = "workload: imdb\nprogressive: {max_workers: 8, max_connections: 8, step_workers: 1, step_connections: 1}\n";
    let resolved = load(yaml, &[], &sets(&["progressive.bands=4"]));
    assert_eq!(stormdb_run::plan::plan(&resolved.config, None).unwrap().bands.len(), 4);
    let resolved = load(
        "workload: imdb\nprogressive: {max_workers: 8, max_connections: 8, bands: 5}\n",
        &[],
        &sets(&["progressive.step_workers=7", "progressive.step_connections=7"]),
    );
    assert_eq!(stormdb_run::plan::plan(&resolved.config, None).unwrap().bands.len(), 4);
}

/// The old and the new spelling contradict each other within a file; a later layer simply
/// overrides.
#[test]
fn a_later_layer_may_use_the_other_spelling() {
    let yaml = "workload: imdb\nprogressive: {max_workers: 8, band_duration: 2m}\n";
    assert_eq!(measure(&load(yaml, &[], &sets(&["progressive.test_duration=8s"]))).as_secs(), 8);
    let same =
        "workload: imdb\nprogressive: {max_workers: 8, band_duration: 120s, test_duration: 2m}\n";
    assert_eq!(measure(&loaded(same)).as_secs(), 120);
}

#[test]
fn a_nested_workload_is_lifted() {
    let workload =
        loaded("workload: {type: imdb_read, scale: 3, config: {mix: {a: 1.5}, depth: 2}}\n")
            .config
            .workload;
    assert_eq!((workload.name.as_str(), workload.scale), ("imdb_read", Some(3)));
    assert_eq!(workload.mix.get("a"), Some(&1.5));
    assert_eq!(serde_json::to_string(&workload.settings).unwrap(), r#"{"depth":2}"#);
}

fn check_target(yaml: &str, variables: &[(&str, &str)], overrides: &Overrides, expected: &Expect) {
    let target = match load(yaml, variables, overrides).config.target {
        TargetConfig::Embedded => "embedded".to_owned(),
        TargetConfig::Server(server) => {
            format!(
                "{}@{}:{}/{} {:?}",
                server.username, server.host, server.port, server.dbname, server.sslmode
            )
        }
    };
    expected.assert_eq(&target);
}

#[test]
fn a_server_is_chosen_when_one_is_named() {
    let none = Overrides::default();
    let flag = Overrides { host: Some("flag".to_owned()), ..Overrides::default() };
    let embedded = Overrides { embedded: true, ..Overrides::default() };
    let alone = "workload: imdb\n";
    let file = "workload: imdb\ndatabase: {host: file, username: joe}\n";
    check_target(alone, &[], &none, &expect!["embedded"]);
    check_target(
        alone,
        &[("PGUSER", "joe"), ("PGPASSWORD", "x"), ("PGSSLMODE", "require")],
        &none,
        &expect!["embedded"],
    );
    check_target(alone, &[("STORMDB_PASSWORD", "x")], &none, &expect!["embedded"]);
    check_target(
        alone,
        &[("PGHOST", "pg"), ("PGUSER", "joe")],
        &none,
        &expect!["joe@pg:5432/joe Prefer"],
    );
    check_target(
        alone,
        &[("PGDATABASE", "shop"), ("PGPORT", "5433")],
        &none,
        &expect!["postgres@localhost:5433/shop Prefer"],
    );
    check_target(
        alone,
        &[("STORMDB_HOST", "var"), ("PGHOST", "pg"), ("PGSSLMODE", "disable")],
        &none,
        &expect!["postgres@var:5432/postgres Disable"],
    );
    check_target(alone, &[("PGHOST", "pg")], &flag, &expect!["postgres@flag:5432/postgres Prefer"]);
    check_target(
        "workload: imdb\ndatabase: {}\n",
        &[],
        &none,
        &expect!["postgres@localhost:5432/postgres Prefer"],
    );
    check_target(
        file,
        &[("PGHOST", "pg"), ("PGPORT", "5433")],
        &none,
        &expect!["joe@file:5433/joe Prefer"],
    );
    check_target(file, &[("STORMDB_HOST", "var")], &flag, &expect!["joe@flag:5432/joe Prefer"]);
    check_target(
        file,
        &[("PGHOST", "pg"), ("STORMDB_HOST", "var")],
        &embedded,
        &expect!["embedded"],
    );
}

#[test]
fn an_overridden_pg_variable_is_reported() {
    let resolved = load(
        "workload: imdb\ndatabase: {host: file}\n",
        &[("PGHOST", "pg")],
        &Overrides::default(),
    );
    expect!["run.yaml:2:18: `host` is taken from here, not from environment variable PGHOST; delete the key to use the variable"].assert_eq(&resolved.warnings[0].to_string());
    assert_eq!(resolved.warnings.len(), 1);
}

#[test]
fn sslmode_takes_every_name_of_libpq() {
    let names = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];
    let modes = names.map(|name| {
        match load(
            "workload: imdb\n",
            &[("PGHOST", "h"), ("PGSSLMODE", name)],
            &Overrides::default(),
        )
        .config
        .target
        {
            TargetConfig::Server(server) => server.sslmode,
            TargetConfig::Embedded => panic!("{name}"),
        }
    });
    let expected = [
        SslMode::Disable,
        SslMode::Allow,
        SslMode::Prefer,
        SslMode::Require,
        SslMode::VerifyCa,
        SslMode::VerifyFull,
    ];
    assert_eq!(modes, expected);
}

#[test]
fn keys_without_effect_say_so() {
    let resolved = loaded(
        "workload: imdb\nresults_backend: {}\nsummary_interval: 5s\ndata_loading: {a: 1}\nworkers: 4\n\
         progressive: {max_workers: 8, memory_limit_mb: 512, test_duration: 2s, export: {html: true}}\n",
    );
    let texts: Vec<_> = resolved.warnings.iter().map(ToString::to_string).collect();
    expect![[r#"
        run.yaml:3:1: `summary_interval` is accepted but has no effect in this version
        run.yaml:4:1: `data_loading` is accepted but has no effect in this version
        run.yaml:2:1: `results_backend` is accepted but has no effect in this version
        run.yaml:6:31: `memory_limit_mb` is accepted but has no effect in this version
        run.yaml:6:81: `html: true` is accepted but has no effect in this version
        run.yaml:6:68: each band is measured for less than 5s, too short for figures to rely on
        run.yaml:5:1: `workers` has no effect in a progressive run; `min_workers` and `max_workers` decide"#]].assert_eq(&texts.join("\n"));
}
