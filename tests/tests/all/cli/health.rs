//! `stormdb plugin health` and load times: plugins are tried in the sandbox, without a server.

use serde_json::{Value, json};
use stormdb_tests::{
    hostile::Hostile,
    lab::{Lab, run},
};

/// What a command says of the plugin of this name.
fn of<'a>(document: &'a Value, name: &str) -> &'a Value {
    let plugins = document["plugins"].as_array().unwrap();
    plugins.iter().find(|plugin| plugin["name"] == name).unwrap()
}

#[test]
fn every_plugin_is_loaded_and_makes_what_it_offers() {
    let lab = Lab::new();
    let ended = run(&mut lab.stormdb_with_plugins(&["plugin", "health", "--json"]));
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let document = ended.json();
    for (name, workload) in
        [("stormdb-imdb", "imdb"), ("stormdb-simple", "simple"), ("stormdb-pgbench", "pgbench")]
    {
        let plugin = of(&document, name);
        assert_eq!(plugin["state"], "healthy", "{plugin}");
        assert_eq!(plugin["workloads"][0]["name"], workload, "{plugin}");
        assert_eq!(plugin["workloads"][0]["needs_configuration"], Value::Null, "{plugin}");
        for figure in ["first_load_seconds", "load_seconds", "round_trip_seconds", "peak_rss_bytes"]
        {
            assert!(
                plugin[figure].as_f64().is_some_and(|figure| figure > 0.0),
                "{figure}: {plugin}"
            );
        }
    }
    assert_eq!(of(&document, "stormdb-datagen")["workloads"], json!([]));
}

#[test]
fn what_is_not_well_is_named_beside_what_is() {
    let lab = Lab::new();
    let hostile = Hostile::pack(&lab);
    let mut command = lab.stormdb(&["plugin", "health"]);
    hostile.arm(&mut command);
    let ended = run(&mut command);
    ended.refused(4, "plugin-panicked:describe");
    let healthy = ended.stdout.lines().filter(|line| line.starts_with("healthy  "));
    assert_eq!(healthy.count(), 2, "{}", ended.stdout);
    assert!(
        ended.stdout.contains("plugin-panicked:describe  stormdb-speechless"),
        "{}",
        ended.stdout
    );
}

#[test]
fn code_beside_the_program_is_not_trusted() {
    let lab = Lab::new();
    for (variable, value) in [
        ("LD_PRELOAD", "/nonexistent.so"),
        ("LD_AUDIT", "/nonexistent.so"),
        ("LD_LIBRARY_PATH", "/nonexistent"),
        ("GLIBC_TUNABLES", "glibc.malloc.check=0"),
    ] {
        let mut command = lab.stormdb_with_plugins(&["plugin", "health", "stormdb-simple"]);
        let ended = run(command.env(variable, value));
        ended.refused(3, "environment-unsafe");
        assert!(ended.stderr.contains(&format!("-u {variable}")), "{}", ended.stderr);
        let ended = run(command.arg("--allow-ld-env"));
        assert_eq!(ended.code, Some(0), "{variable}: {}", ended.stderr);
    }
}

#[test]
fn load_times_are_of_what_is_locked() {
    let lab = Lab::new();
    let listed = || {
        let list = ["plugin", "list", "--load-times", "--json"];
        let ended = run(&mut lab.stormdb_with_plugins(&list));
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        ended.json()
    };
    assert_eq!(
        of(&listed(), "stormdb-simple")["load_seconds"],
        Value::Null,
        "to list is not to accept"
    );
    run(&mut lab.stormdb_with_plugins(&["plugin", "health", "stormdb-simple"]));
    let document = listed();
    let seconds = of(&document, "stormdb-simple")["load_seconds"].as_f64();
    assert!(seconds.is_some_and(|seconds| seconds > 0.0), "{document}");
    assert_eq!(of(&document, "stormdb-imdb")["load_seconds"], Value::Null);
}
