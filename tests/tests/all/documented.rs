//! What the reference lists whole: every stable id, and every key of the configuration.

use std::{collections::BTreeSet, fmt::Write as _, path::Path};

use expect_test::expect_file;
use serde_json::{Map, Value};
use stormdb_attacks::cases;
use stormdb_run::config::schema::schema;
use stormdb_tests::lab::{Lab, run};

use crate::repository::{files, text};

/// The lines between which the tables of keys stand.
const KEYS_BEGIN: &str = "<!-- keys: rendered from the schema; UPDATE_EXPECT=1 renews them -->\n";
const KEYS_END: &str = "<!-- end of keys -->";

/// The lines between which the table of attacks stands.
const CASES_BEGIN: &str =
    "<!-- cases: rendered from tests/attacks; UPDATE_EXPECT=1 renews them -->\n";
const CASES_END: &str = "<!-- end of cases -->";

/// What stands before an id in the code, without white space.
const BEFORE_IDS: &[&str] = &[
    "=>",
    "=>(",
    "=>{(",
    "=>format!(",
    "{format!(",
    "id:",
    "usage(",
    "local(",
    "warn(",
    "DEADLINE_EXCEEDED:&str=",
];

#[test]
fn every_stable_id_is_in_the_reference() {
    let reference = text(Path::new("docs/reference/errors.md"))
        + &text(Path::new("docs/reference/csv-json.md"));
    let missing: Vec<_> = ids().into_iter().filter(|id| !names(&reference, id)).collect();
    assert!(missing.is_empty(), "neither errors.md nor csv-json.md lists {missing:?}");
}

#[test]
fn ids_are_found_in_each_form_in_which_the_code_writes_them() {
    let ids = ids();
    for known in [
        "hash-mismatch",
        "pg-cluster-busy",
        "plugin-panicked",
        "plugin-crashed",
        "export-failed",
        "run-missing",
        "too-short",
        "first-band",
        "deadline-exceeded",
        "no-effect",
    ] {
        assert!(ids.contains(known), "{known} is not found any more: look at BEFORE_IDS");
    }
}

/// Renewed with `UPDATE_EXPECT=1`.
#[test]
fn the_keys_of_the_configuration_are_those_of_the_schema() {
    let page = text(Path::new("docs/reference/configuration.md"));
    let (before, rest) = page.split_once(KEYS_BEGIN).unwrap();
    let (_, after) = rest.split_once(KEYS_END).unwrap();
    let mut keys = String::new();
    write_group(&mut keys, "", &schema());
    expect_file!["../../../docs/reference/configuration.md"]
        .assert_eq(&format!("{before}{KEYS_BEGIN}{keys}\n{KEYS_END}{after}"));
}

/// Renewed with `UPDATE_EXPECT=1`.
#[test]
fn the_pages_of_the_workloads_are_what_their_plugins_say() {
    let pages = [
        ("stormdb-ecommerce", expect_file!["../../../docs/reference/workloads/ecommerce.md"]),
        (
            "stormdb-ecommerce-basic",
            expect_file!["../../../docs/reference/workloads/ecommerce-basic.md"],
        ),
        ("stormdb-imdb", expect_file!["../../../docs/reference/workloads/imdb.md"]),
        ("stormdb-pgbench", expect_file!["../../../docs/reference/workloads/pgbench.md"]),
        ("stormdb-simple", expect_file!["../../../docs/reference/workloads/simple.md"]),
        ("stormdb-tpcc", expect_file!["../../../docs/reference/workloads/tpcc.md"]),
    ];
    let lab = Lab::new();
    for (plugin, page) in pages {
        let ended = run(&mut lab.stormdb_with_plugins(&["plugin", "describe", plugin]));
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        page.assert_eq(&ended.stdout);
    }
}

/// Renewed with `UPDATE_EXPECT=1`.
#[test]
fn the_table_of_attacks_is_that_of_the_cases() {
    let page = text(Path::new("docs/reference/attacks.md"));
    let (before, rest) = page.split_once(CASES_BEGIN).unwrap();
    let (_, after) = rest.split_once(CASES_END).unwrap();
    let mut table = "\n| case | what is attacked | answer |\n|---|---|---|\n".to_owned();
    for case in cases::all().into_iter().chain(cases::contained()) {
        let ids: Vec<String> = case.expect.iter().map(|id| format!("`{id}`")).collect();
        let _ = writeln!(table, "| {} | {} | {} |", case.id, case.what, ids.join(", "));
    }
    expect_file!["../../../docs/reference/attacks.md"]
        .assert_eq(&format!("{before}{CASES_BEGIN}{table}\n{CASES_END}{after}"));
}

/// Every hyphenated id that the host's code gives to an error, a warning, a class or a reason.
pub(crate) fn ids() -> BTreeSet<String> {
    let sources = files("rs").into_iter().filter(|path| {
        path.starts_with("host") && !path.components().any(|part| part.as_os_str() == "tests")
    });
    let mut found = BTreeSet::new();
    for path in sources {
        let source = text(&path);
        let code = source.split("#[cfg(test)]").next().unwrap_or_default();
        for (quote, _) in code.match_indices('"') {
            let (before, literal) = (&code[..quote], &code[quote + 1..]);
            let literal = literal.split('"').next().unwrap_or_default();
            let id = literal.split_once(":{").map_or(literal, |(id, _)| id);
            if is_id(id) && gives_an_id(before) {
                found.insert(id.to_owned());
            }
        }
    }
    found.extend(warnings());
    found
}

pub(crate) fn is_id(text: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    text.contains('-') && text.split('-').all(is_word)
}

fn gives_an_id(before: &str) -> bool {
    let end: Vec<char> = before.chars().rev().filter(|c| !c.is_whitespace()).take(40).collect();
    let end: String = end.into_iter().rev().collect();
    let after_exit = end
        .strip_suffix(',')
        .and_then(|end| end.rsplit_once("Exit::"))
        .is_some_and(|(_, code)| code.chars().all(char::is_alphanumeric));
    after_exit || BEFORE_IDS.iter().any(|marker| end.ends_with(marker))
}

/// The warnings of the configuration: their ids are the names of an enum's variants.
fn warnings() -> impl Iterator<Item = String> {
    let source = text(Path::new("host/crates/stormdb-run/src/config/warning.rs"));
    let (_, body) = source.split_once("pub enum WarningId {").unwrap();
    let body = body.split('}').next().unwrap_or_default().to_owned();
    let variants: Vec<String> = body
        .lines()
        .filter_map(|line| line.trim().strip_suffix(','))
        .map(|variant| {
            let mut id = String::new();
            for letter in variant.chars() {
                if letter.is_ascii_uppercase() && !id.is_empty() {
                    id.push('-');
                }
                id.push(letter.to_ascii_lowercase());
            }
            id
        })
        .collect();
    variants.into_iter()
}

/// Whether the page has the id in code type, alone or followed by `:` and what it is about.
fn names(page: &str, id: &str) -> bool {
    page.contains(&format!("`{id}`")) || page.contains(&format!("`{id}:"))
}

/// A table of a group's keys, then those of the groups in it.
fn write_group(page: &mut String, path: &str, schema: &Value) {
    let title = if path.is_empty() { "Top level".to_owned() } else { format!("`{path}`") };
    let _ =
        writeln!(page, "\n### {title}\n\n| key | type | default | meaning |\n|---|---|---|---|");
    let keys = properties(schema);
    for (key, schema) in &keys {
        let (meaning, default) = meaning(schema);
        let _ = writeln!(page, "| `{key}` | {} | {default} | {meaning} |", type_of(schema));
    }
    for (key, schema) in &keys {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        for group in [*schema].into_iter().chain(alternatives(schema)) {
            if !properties(group).is_empty() {
                write_group(page, &path, group);
            }
        }
    }
}

fn properties(schema: &Value) -> Vec<(String, &Value)> {
    let keys = schema.get("properties").and_then(Value::as_object);
    keys.into_iter().flatten().map(|(key, schema)| (key.clone(), schema)).collect()
}

fn alternatives(schema: &Value) -> impl Iterator<Item = &Value> {
    schema.get("anyOf").and_then(Value::as_array).into_iter().flatten()
}

fn type_of(schema: &Value) -> String {
    let empty = Map::new();
    let schema = schema.as_object().unwrap_or(&empty);
    let get = |key: &str| schema.get(key);
    if let Some(names) = get("enum").and_then(Value::as_array) {
        let names: Vec<String> =
            names.iter().filter_map(Value::as_str).map(|name| format!("`{name}`")).collect();
        return names.join(", ");
    }
    if get("title").is_some_and(|title| title == "duration") {
        return "duration".to_owned();
    }
    if get("title").is_some_and(|title| title == "percentage") {
        return "percentage".to_owned();
    }
    match (get("type").and_then(Value::as_str), get("minimum"), get("maximum")) {
        (Some("string"), ..) => "text".to_owned(),
        (Some("boolean"), ..) => "true or false".to_owned(),
        (Some("integer"), Some(min), Some(max)) => format!("whole number, {min} to {max}"),
        (Some("number"), Some(min), Some(max)) => format!("number, {min} to {max}"),
        (Some("integer"), ..) => "whole number, 0 or more".to_owned(),
        (Some("array"), ..) => "list of texts".to_owned(),
        (Some("object"), ..) => "group".to_owned(),
        _ if get("anyOf").is_some() => "text or group".to_owned(),
        _ => "anything".to_owned(),
    }
}

/// The description without its `(default …)`, and the default.
fn meaning(schema: &Value) -> (String, String) {
    let text = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let text = text.replace('\n', " ");
    let split = text.split_once(" (default").and_then(|(before, rest)| {
        let (default, after) = rest.split_once(')')?;
        Some((format!("{before}{after}"), default.trim_start_matches([':', ' ']).to_owned()))
    });
    split.unwrap_or((text, "–".to_owned()))
}
