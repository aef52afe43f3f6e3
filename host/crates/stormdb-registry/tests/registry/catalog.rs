//! Plugin folders: who is used, who is refused, and whom a refusal concerns.

use std::fs;
use std::os::unix::fs::symlink;

use stormdb_registry::catalog::Catalog;
use stormdb_registry::resolve::LoadPlan;

use crate::world::{World, draft, id, needing, policy};

fn order(plan: &LoadPlan<'_>) -> Vec<String> {
    plan.order().iter().map(|plugin| plugin.title()).collect()
}

fn refusals(catalog: &Catalog) -> Vec<(String, &'static str)> {
    let name = |path: &std::path::Path| path.file_name().unwrap().to_string_lossy().into_owned();
    catalog.refused().iter().map(|refused| (name(&refused.path), refused.error.id())).collect()
}

#[test]
fn a_refused_plugin_stops_only_those_who_need_it() {
    let world = World::new();
    world.bundle(&draft("good", "1.0.0"), b"good");
    world.bundle(&needing(draft("needs-unsigned", "1.0.0"), "unsigned", "^1"), b"x");
    world.pack(&draft("unsigned", "1.0.0"), b"x");
    let catalog = world.catalog();
    assert_eq!(refusals(&catalog), [("unsigned-1.0.0.stormplug".to_owned(), "signature-missing")]);
    assert_eq!(order(&catalog.plan_workload("good").unwrap()), ["good 1.0.0"]);
    assert_eq!(id(&catalog.plan_workload("unsigned")), "signature-missing");
    assert_eq!(id(&catalog.plan_plugin("unsigned")), "signature-missing");
    let error = catalog.plan_workload("needs-unsigned").unwrap_err();
    assert_eq!(error.id(), "dependency-refused");
    assert!(error.to_string().contains("needs-unsigned"), "{error}");
    assert!(error.to_string().contains("signature-missing"), "{error}");
}

#[test]
fn an_unverified_claim_does_not_take_a_workload_from_its_owner() {
    let world = World::new();
    world.bundle(&draft("imdb", "1.0.0"), b"good");
    let mut thief = draft("thief", "9.0.0");
    thief.workloads = vec!["imdb".to_owned()];
    world.pack(&thief, b"evil");
    assert_eq!(order(&world.catalog().plan_workload("imdb").unwrap()), ["imdb 1.0.0"]);
}

#[test]
fn the_newest_version_is_chosen() {
    let world = World::new();
    for version in ["1.2.0", "1.10.0", "1.9.0", "2.0.0-rc.1"] {
        world.bundle(&draft("words", version), b"x");
    }
    world.bundle(&needing(draft("imdb", "1.0.0"), "words", "^1"), b"x");
    world.bundle(&needing(draft("tpcc", "1.0.0"), "words", ">=1, <1.10"), b"x");
    let catalog = world.catalog();
    assert_eq!(order(&catalog.plan_workload("imdb").unwrap()), ["words 1.10.0", "imdb 1.0.0"]);
    assert_eq!(order(&catalog.plan_workload("tpcc").unwrap()), ["words 1.9.0", "tpcc 1.0.0"]);
    assert_eq!(order(&catalog.plan_plugin("words").unwrap()), ["words 2.0.0-rc.1"]);
}

#[test]
fn what_nobody_offers_is_missing() {
    let world = World::new();
    world.bundle(&draft("imdb", "1.0.0"), b"x");
    let catalog = world.catalog();
    let error = catalog.plan_workload("tpcc").unwrap_err();
    assert_eq!(error.id(), "workload-missing");
    assert!(error.to_string().contains("imdb"), "{error}");
    assert_eq!(id(&catalog.plan_plugin("tpcc")), "plugin-missing");
}

#[test]
fn two_plugins_with_one_workload_are_told_apart_by_the_user() {
    let world = World::new();
    world.bundle(&draft("imdb", "1.0.0"), b"x");
    let mut other = draft("movies", "1.0.0");
    other.workloads = vec!["imdb".to_owned(), "movies".to_owned()];
    world.bundle(&other, b"x");
    let catalog = world.catalog();
    let error = catalog.plan_workload("imdb").unwrap_err();
    assert_eq!(error.id(), "duplicate-workload");
    assert!(
        error.to_string().contains("imdb 1.0.0") && error.to_string().contains("movies 1.0.0"),
        "{error}"
    );
    assert_eq!(order(&catalog.plan_workload("movies").unwrap()), ["movies 1.0.0"]);
    assert_eq!(order(&catalog.plan_plugin("imdb").unwrap()), ["imdb 1.0.0"]);
}

#[test]
fn one_name_and_version_has_one_content() {
    let world = World::new();
    let second = world.path("more");
    let bundle = world.bundle(&draft("imdb", "1.0.0"), b"one");
    fs::rename(world.plugins(), &second).unwrap();
    world.bundle(&draft("imdb", "1.0.0"), b"two");
    let read =
        || Catalog::read(&[world.plugins(), second.clone()], &world.trust(), &policy()).unwrap();
    let catalog = read();
    assert!(catalog.verified().is_empty());
    let name = "imdb-1.0.0.stormplug".to_owned();
    assert_eq!(
        refusals(&catalog),
        [(name.clone(), "duplicate-plugin"), (name, "duplicate-plugin")]
    );
    assert_eq!(id(&catalog.plan_workload("imdb")), "duplicate-plugin");
    // The same bytes in two folders are one plugin.
    fs::remove_dir_all(world.plugins()).unwrap();
    fs::create_dir(world.plugins()).unwrap();
    crate::world::set_mode(&world.plugins(), 0o755);
    world.bundle(&draft("imdb", "1.0.0"), b"one");
    assert!(!bundle.as_os_str().is_empty());
    assert_eq!(read().verified().len(), 1);
}

#[test]
fn what_else_lies_in_a_plugin_folder() {
    let world = World::new();
    let folder = world.plugins();
    world.bundle(&draft("good", "1.0.0"), b"x");
    fs::write(folder.join("README.md"), "notes").unwrap();
    fs::create_dir(folder.join(".staging")).unwrap();
    fs::write(folder.join("libold.so"), "bare").unwrap();
    fs::create_dir(folder.join("folder")).unwrap();
    fs::write(folder.join("file-1.0.0.stormplug"), "no folder").unwrap();
    symlink(folder.join("good-1.0.0.stormplug"), folder.join("link-1.0.0.stormplug")).unwrap();
    crate::world::set_mode(&folder.join("folder"), 0o755);
    let catalog = world.catalog();
    assert_eq!(catalog.verified().len(), 1);
    let refused: Vec<_> = refusals(&catalog);
    let refused: Vec<_> = refused.iter().map(|(name, id)| (name.as_str(), *id)).collect();
    assert_eq!(
        refused,
        [
            ("file-1.0.0.stormplug", "not-regular-file"),
            ("folder", "package-name-mismatch"),
            ("libold.so", "package-name-mismatch"),
            ("link-1.0.0.stormplug", "symlink-refused"),
        ]
    );
    assert_eq!(id(&catalog.plan_plugin("link")), "symlink-refused");
}

#[test]
fn folders_that_are_not_there_or_too_full() {
    let world = World::new();
    let read = |path| Catalog::read(&[path], &world.trust(), &policy());
    assert_eq!(id(&read(world.path("nowhere"))), "plugin-dir-missing");
    for number in 0..5_000 {
        fs::write(world.plugins().join(format!("f{number}")), "").unwrap();
    }
    assert_eq!(id(&read(world.plugins())), "plugin-dir-too-large");
}
