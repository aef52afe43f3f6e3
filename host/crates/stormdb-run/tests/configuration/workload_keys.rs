//! The plugin's own keys are checked in their places against the schema that it declares.

use expect_test::{Expect, expect};
use serde_json::json;
use stormdb_run::config::error::ConfigError;
use stormdb_run::config::overrides::Overrides;

use crate::load::{load_with, loaded, sets};

fn schema() -> serde_json::Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["depth"],
        "properties": {
            "depth": {"type": "integer", "minimum": 1},
            "tables": {"type": "array", "items": {"$ref": "#/$defs/table"}},
        },
        "$defs": {"table": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 3}}}},
    })
}

fn check(yaml: &str, overrides: &Overrides, expected: &Expect) {
    let resolved = load_with(yaml, &[], overrides).unwrap();
    let text = match resolved.check_workload(&schema(), &["find-movie", "rate-movie"]) {
        Ok(()) => "fine".to_owned(),
        Err(error) => error.render(false),
    };
    expected.assert_eq(&text);
}

#[test]
fn keys_that_fit_pass() {
    let yaml = "workload: imdb\nworkload_config: {depth: 2, tables: [{name: abc}], mix: {find-movie: 1}}\n";
    check(yaml, &Overrides::default(), &expect!["fine"]);
}

#[test]
fn every_violation_is_said_in_its_place() {
    check(
        "workload: imdb\nworkload_config:\n  dept: 2\n  tables:\n    - name: abc\n    - name: 7\n    - {name: abcd}\n  mix: {find_movie: 1}\n",
        &Overrides::default(),
        &expect![[r#"
            error[unknown-key]
              × run.yaml:3:3: unknown key `dept`
               ╭─[run.yaml:3:3]
             2 │ workload_config:
             3 │   dept: 2
               ·   ──┬─
               ·     ╰── not recognised
             4 │   tables:
               ╰────
              help: did you mean `depth`?
                    allowed here: depth, tables

            error[missing-key]
              × run.yaml:3:3: `workload_config` lacks the key `depth`
               ╭─[run.yaml:3:3]
             2 │ workload_config:
             3 │   dept: 2
               ·   ▲
               ·   ╰── missing key
             4 │   tables:
               ╰────
              help: add `depth: …`

            error[wrong-type]
              × run.yaml:6:13: `name` must be text, not a number
               ╭─[run.yaml:6:13]
             5 │     - name: abc
             6 │     - name: 7
               ·             ┬
               ·             ╰── wrong type
             7 │     - {name: abcd}
               ╰────
              help: put the value in quotes

            error[out-of-range]
              × run.yaml:7:14: `name`: value is longer than 3 characters
               ╭─[run.yaml:7:14]
             6 │     - name: 7
             7 │     - {name: abcd}
               ·              ──┬─
               ·                ╰── out of range
             8 │   mix: {find_movie: 1}
               ╰────
              help: change the value as the message says

            error[unknown-key]
              × run.yaml:8:9: the workload has no operation `find_movie`
               ╭─[run.yaml:8:9]
             7 │     - {name: abcd}
             8 │   mix: {find_movie: 1}
               ·         ─────┬────
               ·              ╰── not recognised
               ╰────
              help: did you mean `find-movie`?
                    allowed here: find-movie, rate-movie
        "#]],
    );
}

#[test]
fn a_value_from_a_flag_is_named_as_such() {
    let overrides = sets(&["workload_config.depth=0"]);
    check(
        "workload: imdb\nworkload_config: {depth: 2}\n",
        &overrides,
        &expect![[r#"
            error[out-of-range]
              × --set workload_config.depth=0: `depth` is 0, below the minimum of 1
               ╭─[--set:1:29]
             1 │ --set workload_config.depth=0
               ·                             ┬
               ·                             ╰── out of range
               ╰────
              help: use 1 or more
        "#]],
    );
}

#[test]
fn an_unusable_schema_is_the_plugins_fault() {
    let result = loaded("workload: imdb\n").check_workload(&json!({"type": "nonsense"}), &[]);
    let Err(ConfigError::UnusableSchema { reason }) = result else { panic!("{result:?}") };
    assert!(!reason.is_empty());
}

#[test]
fn a_schema_that_is_none_is_the_plugins_fault() {
    let resolved = load_with("workload: imdb\n", &[], &Overrides::default()).unwrap();
    let error = resolved.check_workload(&json!({"type": "nonsense"}), &[]).unwrap_err();
    assert_eq!(error.id(), "plugin-schema-unusable");
}
