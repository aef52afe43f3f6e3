//! The layer table of ARCHITECTURE.md is the rule: what depends on what, and where heavy packages may be used.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

use crate::repository::{root, text};

/// A row of the table.
#[derive(Debug, Default, PartialEq, Eq)]
struct Layer {
    /// Members of the workspace.
    members: BTreeSet<String>,
    /// Heavy packages that only the rows naming them may use.
    heavy: BTreeSet<String>,
}

#[test]
fn members_depend_on_each_other_as_the_table_says() {
    let packages = members();
    let members: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let found: BTreeMap<String, BTreeSet<String>> = packages
        .iter()
        .map(|package| {
            let edges = package.dependencies.iter().map(|dependency| dependency.name.clone());
            let edges = edges.filter(|name| members.contains(name.as_str())).collect();
            (package.name.to_string(), edges)
        })
        .collect();
    let table: BTreeMap<String, BTreeSet<String>> =
        table().into_iter().map(|(name, layer)| (name, layer.members)).collect();

    let mut differences = Vec::new();
    for name in found.keys().chain(table.keys()).collect::<BTreeSet<_>>() {
        match (found.get(name), table.get(name)) {
            (Some(_), None) => differences.push(format!("{name} is not in the table")),
            (None, Some(_)) => differences.push(format!("{name} is in the table and no member")),
            (Some(found), Some(table)) => {
                differences.extend(
                    found.difference(table).map(|to| format!("{name} must not depend on {to}")),
                );
                differences.extend(
                    table.difference(found).map(|to| format!("{name} does not depend on {to}")),
                );
            }
            (None, None) => {}
        }
    }
    assert!(differences.is_empty(), "beside ARCHITECTURE.md:\n{}", differences.join("\n"));
}

#[test]
fn heavy_packages_stay_where_the_table_allows_them() {
    let table = table();
    let heavy: BTreeSet<&String> = table.values().flat_map(|layer| &layer.heavy).collect();
    let mut differences = Vec::new();
    for package in members() {
        let layer = &table[package.name.as_str()];
        let used: BTreeSet<&String> = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind != DependencyKind::Development)
            .map(|dependency| &dependency.name)
            .filter(|name| heavy.contains(name))
            .collect();
        let allowed = layer.heavy.iter().collect();
        let name = &package.name;
        differences
            .extend(used.difference(&allowed).map(|heavy| format!("{name} must not use {heavy}")));
        differences
            .extend(allowed.difference(&used).map(|heavy| format!("{name} does not use {heavy}")));
    }
    assert!(differences.is_empty(), "beside ARCHITECTURE.md:\n{}", differences.join("\n"));
}

#[test]
fn a_row_names_its_crate_members_and_heavy_packages() {
    let layers = read_table(
        "text\n\n| crate | subject | uses | heavy |\n|---|---|---|---|\n| `a` | x | – | `tokio`, `clap` |\n| `b` | y `c` | `a` | – |\n\n| other | table |\n",
    );
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let expected = BTreeMap::from([
        ("a".to_owned(), Layer { members: names(&[]), heavy: names(&["tokio", "clap"]) }),
        ("b".to_owned(), Layer { members: names(&["a"]), heavy: names(&[]) }),
    ]);
    assert_eq!(layers, expected);
}

fn members() -> Vec<Package> {
    let metadata = MetadataCommand::new()
        .current_dir(root())
        .no_deps()
        .other_options(["--locked".to_owned(), "--offline".to_owned()])
        .exec()
        .unwrap();
    metadata.workspace_packages().into_iter().cloned().collect()
}

fn table() -> BTreeMap<String, Layer> {
    read_table(&text(Path::new("ARCHITECTURE.md")))
}

/// The table whose first column is headed `crate`.
fn read_table(page: &str) -> BTreeMap<String, Layer> {
    let rows = page.lines().skip_while(|line| !line.starts_with("| crate |"));
    let rows = rows.skip(2).take_while(|line| line.starts_with('|'));
    let layers: BTreeMap<String, Layer> = rows
        .map(|row| {
            let cells: Vec<&str> = row.trim_matches('|').split('|').collect();
            let [name, _subject, members, heavy] = cells[..] else {
                panic!("not four columns: {row}")
            };
            let name = names(name).pop_first().unwrap_or_else(|| panic!("no crate in: {row}"));
            (name, Layer { members: names(members), heavy: names(heavy) })
        })
        .collect();
    assert!(!layers.is_empty(), "the table is missing");
    layers
}

/// What stands between backquotes.
fn names(cell: &str) -> BTreeSet<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}
