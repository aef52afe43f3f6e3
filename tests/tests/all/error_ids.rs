//! The ids of errors beside the tests that name them, both ways.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use stormdb_attacks::{case::ACCEPTED, cases};

use crate::{
    documented,
    repository::{files, text},
};

/// What a test writes before the id of an error that it expects, without white space.
const BEFORE_EXPECTED: &[&str] = &[
    ".id(),",
    "refused(2,",
    "refused(3,",
    "refused(4,",
    "refused(5,",
    "refused(6,",
    "check(",
    "check_edit(",
    "check_library(",
    "check_policy(",
    "refuse(",
];

/// Ids that no test can bring about, and why.
const UNTESTED: &[(&str, &str)] = &[
    ("api-version", "the interface's version is a constant of the build"),
    ("json-failed", "every result has a JSON form"),
    ("report-failed", "every record has a report"),
    ("ladder-impossible", "the configuration's own checks refuse the causes first"),
    ("signals-failed", "the kernel lets every process watch its signals"),
    ("executor-failed", "a machine that can start no thread runs no test either"),
    (
        "load-process-failed",
        "the same for processes; a frame that cannot be read has its tests in stormdb-process",
    ),
    ("target-tls-setup", "the TLS library finds its algorithms"),
    ("target-odd-setting", "a server whose settings are no numbers"),
    ("pg-bundle-platform", "another platform"),
    ("pg-no-home", "a user without a home, and root has a place of its own"),
    ("pg-no-account", "a machine without the user nobody"),
    ("pg-not-installed", "a machine without PostgreSQL"),
    ("pg-fetch-failed", "a machine without a network"),
    ("pg-file", "the embedded server's place is the machine's own where root tests"),
    ("pg-directory-closed", "the same"),
    ("pg-socket-path-too-long", "the same"),
    ("pg-program-failed", "PostgreSQL's own programs fail"),
];

#[test]
fn every_id_has_a_test_that_names_it() {
    let tests: Vec<String> = tests().into_values().collect();
    let listed = listed();
    let is_named = |id: &str| {
        let forms = [format!("\"{id}\""), format!("\"{id}:"), format!("[{id}]"), format!("`{id}`")];
        tests.iter().any(|test| forms.iter().any(|form| test.contains(form)))
    };
    let silent: BTreeSet<&str> =
        listed.iter().map(String::as_str).filter(|id| !is_named(id)).collect();
    let waived: BTreeSet<&str> = UNTESTED.iter().map(|(id, _)| *id).collect();
    let missing: Vec<_> = silent.difference(&waived).collect();
    assert!(missing.is_empty(), "no test names {missing:?}");
    let needless: Vec<_> = waived.difference(&silent).collect();
    assert!(needless.is_empty(), "waived, and tested or gone: {needless:?}");
}

#[test]
fn every_id_that_is_listed_is_in_the_code() {
    let sources = files("rs").into_iter().filter(|path| {
        path.starts_with("host") && !path.components().any(|part| part.as_os_str() == "tests")
    });
    let sources: Vec<String> = sources
        .map(|path| text(&path).split("#[cfg(test)]").next().unwrap_or_default().to_owned())
        .collect();
    let is_said = |id: &str| {
        let forms = [format!("\"{id}\""), format!("\"{id}:")];
        sources.iter().any(|code| forms.iter().any(|form| code.contains(form)))
    };
    let gone: Vec<_> = listed().into_iter().filter(|id| !is_said(id)).collect();
    assert!(gone.is_empty(), "errors.md lists what the code does not say: {gone:?}");
}

#[test]
fn every_id_that_a_test_expects_is_listed() {
    let listed = listed();
    let mut unknown = BTreeSet::new();
    for (path, test) in tests() {
        for (quote, _) in test.match_indices('"') {
            let id = test[quote + 1..].split('"').next().unwrap_or_default();
            let id = id.split(':').next().unwrap_or_default();
            if documented::is_id(id) && is_expected(&test[..quote]) && !listed.contains(id) {
                unknown.insert(format!("{path}: {id}"));
            }
        }
    }
    assert!(unknown.is_empty(), "expected by tests, and not in errors.md: {unknown:#?}");
}

#[test]
fn every_attack_expects_ids_that_are_listed() {
    let listed = listed();
    let expected = cases::all()
        .into_iter()
        .chain(cases::contained())
        .flat_map(|case| case.expect.iter().filter(|id| **id != ACCEPTED).map(|id| (case.id, *id)));
    let without_place = |id: &str| id.split(':').next().unwrap_or_default().to_owned();
    let unknown: Vec<_> = expected.filter(|(_, id)| !listed.contains(&without_place(id))).collect();
    assert!(unknown.is_empty(), "not in errors.md: {unknown:?}");
}

#[test]
fn every_attack_has_its_number_once() {
    let mut seen = BTreeSet::new();
    for case in cases::all().into_iter().chain(cases::contained()) {
        assert!(seen.insert(case.id), "{} is there twice", case.id);
        assert!((1..=100).contains(&cases::number(case.id)), "{} is no number", case.id);
    }
    let missing: Vec<u32> =
        (1..=83).filter(|number| !seen.contains(&*format!("A{number}"))).collect();
    assert!(missing.is_empty(), "no case has the numbers {missing:?}");
}

/// The ids in the first column of the tables of errors, without what follows a colon.
fn listed() -> BTreeSet<String> {
    let page = text(Path::new("docs/reference/errors.md"));
    let (errors, _) = page.split_once("\n## Warnings").unwrap();
    let rows = errors.lines().filter_map(|line| line.strip_prefix("| `")?.split(" | ").next());
    rows.flat_map(|cell| cell.split('`').step_by(2).map(str::to_owned).collect::<Vec<_>>())
        .map(|id| id.split(':').next().unwrap_or_default().to_owned())
        .filter(|id| documented::is_id(id))
        .collect()
}

/// The source of every test, by its path: files of tests, and what stands behind `#[cfg(test)]` elsewhere.
fn tests() -> BTreeMap<String, String> {
    let own = Path::new("tests/tests/all/error_ids.rs");
    let sources = files("rs").into_iter().filter(|path| path != own).map(|path| {
        let source = text(&path);
        let is_test = path.components().any(|part| part.as_os_str() == "tests");
        let test = if is_test {
            source
        } else {
            source.split_once("#[cfg(test)]").map(|(_, test)| test.to_owned()).unwrap_or_default()
        };
        (path.display().to_string(), test)
    });
    sources.collect()
}

fn is_expected(before: &str) -> bool {
    let end: Vec<char> = before.chars().rev().filter(|c| !c.is_whitespace()).take(20).collect();
    let end: String = end.into_iter().rev().collect();
    BEFORE_EXPECTED.iter().any(|marker| end.ends_with(marker))
}
