//! House rules that no compiler checks.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use crate::repository::{files, root, text};

/// A longer file has more than one subject.
const MOST_LINES: usize = 600;

/// Names that say nothing about what is inside.
const EMPTY_NAMES: &[&str] = &[
    "util",
    "utils",
    "common",
    "core",
    "helper",
    "helpers",
    "misc",
    "manager",
    "handler",
    "processor",
];

/// The files that may use `unsafe` outside of tests, and why.
const UNSAFE_FILES: &[(&str, &str)] = &[
    ("plugin-api/src/entry.rs", "the exported symbol"),
    ("plugin-api/src/rows.rs", "values that the host lends for one call"),
    ("plugin-api/src/service.rs", "services between plugins, by address"),
    ("host/crates/stormdb-registry/src/loader.rs", "mapping a verified library"),
    ("host/crates/stormdb-process/src/inherit.rs", "descriptors that the parent left open"),
    ("host/crates/stormdb-process/src/signals.rs", "signal dispositions"),
    ("host/crates/stormdb-process/src/spawn.rs", "what happens between fork and exec"),
];

#[test]
fn every_source_file_begins_with_its_subject() {
    let silent = files("rs").into_iter().filter(|path| !text(path).starts_with("//! "));
    none("does not begin with a `//!` line", silent);
}

#[test]
fn no_source_file_grows_beyond_its_limit() {
    let is_long = |path: &PathBuf| text(path).lines().count() > MOST_LINES;
    none("is too long: split it", files("rs").into_iter().filter(is_long));
}

#[test]
fn names_of_files_say_what_is_inside() {
    let says_nothing = |path: &PathBuf| {
        path.with_extension("")
            .components()
            .any(|part| EMPTY_NAMES.iter().any(|name| part.as_os_str() == *name))
    };
    none("is named after nothing", files("rs").into_iter().filter(says_nothing));
    let is_mod = |path: &PathBuf| path.file_name().is_some_and(|name| name == "mod.rs");
    none("hides behind the name mod.rs", files("rs").into_iter().filter(is_mod));
}

/// The compiler says nothing about a file that no `mod` names.
#[test]
fn every_source_file_is_compiled() {
    let (sources, manifests) = (files("rs"), files("toml"));
    let orphan = |path: &PathBuf| {
        let folder = path.parent().unwrap();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap();
        let is_target = ["main.rs", "lib.rs", "build.rs"].contains(&name)
            || ["tests", "benches", "fuzz_targets"].iter().any(|targets| folder.ends_with(targets));
        let parents = [folder.join("main.rs"), folder.join("lib.rs"), folder.with_extension("rs")];
        let declaration = format!("mod {};", name.trim_end_matches(".rs"));
        let is_module = parents
            .iter()
            .filter(|parent| root().join(parent).is_file())
            .any(|parent| text(parent).lines().any(|line| line.trim_end().ends_with(&declaration)));
        // A manifest may name a file, and a test may hand one to the compiler by itself.
        let literal = format!("{name}\"");
        let is_named = || {
            let tests = sources.iter().filter(|other| is_test(other) && *other != path);
            is_test(path) && tests.chain(&manifests).any(|other| text(other).contains(&literal))
        };
        !is_target && !is_module && !is_named()
    };
    none("is named by no `mod`", sources.iter().filter(|path| orphan(path)).cloned());
}

#[test]
fn unsafe_code_stays_in_the_listed_files() {
    let found: BTreeSet<String> = files("rs")
        .into_iter()
        .filter(|path| !is_test(path) && text(path).lines().any(is_unsafe_line))
        .map(|path| path.display().to_string())
        .collect();
    let listed: BTreeSet<String> =
        UNSAFE_FILES.iter().map(|(path, _)| (*path).to_owned()).collect();
    let unlisted: Vec<_> = found.difference(&listed).collect();
    assert!(unlisted.is_empty(), "unsafe code outside the listed files: {unlisted:?}");
    let unused: Vec<_> = listed.difference(&found).collect();
    assert!(unused.is_empty(), "listed, and without unsafe code: {unused:?}");
}

#[test]
fn unsafe_lines_are_told_from_talk_about_them() {
    for line in [
        "unsafe { x() }",
        "    pub unsafe fn f() {",
        "unsafe impl Send for X {}",
        "let x = unsafe {",
        "#[unsafe(no_mangle)]",
    ] {
        assert!(is_unsafe_line(line), "{line}");
    }
    for line in [
        "// unsafe { x() }",
        "#[expect(unsafe_code, reason = \"x\")]",
        "/// An unsafe fn.",
        "let a = \"unsafe { x }\";",
    ] {
        assert!(!is_unsafe_line(line), "{line}");
    }
}

#[test]
fn manifests_inherit_lints_and_versions() {
    let mut wrong = Vec::new();
    // A template is no manifest before it is filled in.
    let is_manifest =
        |path: &PathBuf| path.ends_with("Cargo.toml") && !path.starts_with("sdk-template");
    for path in files("toml").into_iter().filter(is_manifest) {
        let manifest: toml::Table = text(&path).parse().unwrap();
        if manifest.contains_key("workspace") {
            continue;
        }
        let path = path.display();
        if !manifest.get("lints").is_some_and(inherits) {
            wrong.push(format!("{path}: `[lints] workspace = true` is missing"));
        }
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let dependencies = manifest.get(section).and_then(toml::Value::as_table);
            for (name, value) in dependencies.into_iter().flatten() {
                if !inherits(value) {
                    wrong.push(format!(
                        "{path}: write `{name}.workspace = true`; versions stand in the root"
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn links_between_pages_resolve() {
    let mut broken = Vec::new();
    for page in files("md") {
        let text = text(&page);
        for link in links(&text) {
            let (target, heading) = link
                .split_once('#')
                .map_or((link, None), |(target, heading)| (target, Some(heading)));
            if target.contains(':') {
                continue;
            }
            let folder = root().join(&page);
            let path =
                if target.is_empty() { folder } else { folder.parent().unwrap().join(target) };
            let has_heading = |heading| {
                std::fs::read_to_string(&path)
                    .is_ok_and(|page| headings(&page).any(|found| found == heading))
            };
            if !path.exists() || heading.is_some_and(|heading| !has_heading(heading)) {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
}

#[test]
fn links_and_headings_are_read_as_a_reader_sees_them() {
    let page = "# The `run` command\nsee [a](b.md) and [c](d/e.md#f-g)\n```\n[no](x)\n# no\n```\n## What's new?\n";
    assert_eq!(links(page).collect::<Vec<_>>(), ["b.md", "d/e.md#f-g"]);
    assert_eq!(headings(page).collect::<Vec<_>>(), ["the-run-command", "whats-new"]);
}

fn none(complaint: &str, paths: impl Iterator<Item = PathBuf>) {
    let lines: Vec<String> = paths.map(|path| format!("{} {complaint}", path.display())).collect();
    assert!(lines.is_empty(), "{}", lines.join("\n"));
}

/// Whether the file belongs to tests alone.
fn is_test(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests" || part.as_os_str() == "tests.rs")
}

/// Whether the line holds the keyword outside of a comment or a string.
fn is_unsafe_line(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default();
    let code: String = code.split('"').step_by(2).collect();
    let uses =
        ["unsafe {", "unsafe fn", "unsafe impl", "unsafe extern", "unsafe trait", "#[unsafe("];
    uses.iter().any(|form| code.contains(form))
}

fn inherits(value: &toml::Value) -> bool {
    value.get("workspace").and_then(toml::Value::as_bool) == Some(true)
}

/// The lines outside of fenced code.
fn prose(page: &str) -> impl Iterator<Item = &str> {
    let mut is_code = false;
    page.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        !is_code && !is_fence
    })
}

fn links(page: &str) -> impl Iterator<Item = &str> {
    prose(page).flat_map(|line| {
        line.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link)
    })
}

/// The anchors of a page's headings.
fn headings(page: &str) -> impl Iterator<Item = String> {
    prose(page).filter(|line| line.starts_with('#')).map(|line| {
        let text = line.trim_start_matches('#').trim().to_lowercase();
        let kept = text.chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.map(|c| if c == ' ' { '-' } else { c }).collect()
    })
}
