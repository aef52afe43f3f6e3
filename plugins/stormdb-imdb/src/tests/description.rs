//! What the plugin says about itself.

use std::collections::BTreeSet;

use stormdb_plugin_api::{
    Plugin,
    describe::{Class, WorkloadDescription},
    testing::{Asked, TestHost},
};

use crate::Imdb;

fn described() -> WorkloadDescription {
    let [workload] = <[_; 1]>::try_from(Imdb::describe().workloads).unwrap();
    workload
}

/// The summed weights of reads and writes in a mode.
fn weights(workload: &WorkloadDescription, mode: &str) -> (u32, u32) {
    let mode = workload.modes.iter().find(|described| described.name == mode).unwrap();
    let sum = |class| {
        let of_class = workload.operations.iter().filter(|operation| operation.class == class);
        of_class.filter_map(|operation| mode.mix.get(&operation.name)).sum()
    };
    (sum(Class::Read), sum(Class::Write))
}

#[test]
fn modes_and_packaging_agree() {
    let manifest: toml::Table = include_str!("../../Cargo.toml").parse().unwrap();
    let packaging = &manifest["package"]["metadata"]["stormdb"];
    let packaged = packaging["workloads"].as_array().unwrap();
    let packaged: Vec<_> = packaged.iter().map(|name| name.as_str().unwrap()).collect();
    let workload = described();
    assert_eq!(workload.modes.iter().map(|mode| mode.name.as_str()).collect::<Vec<_>>(), packaged);
    assert_eq!(packaging["dependencies"][datagen_service::PLUGIN].as_str(), Some("^1"));
}

#[test]
fn there_are_fifteen_reads_and_seven_writes_with_names_of_their_own() {
    let workload = described();
    let names: BTreeSet<_> = workload.operations.iter().map(|operation| &operation.name).collect();
    assert_eq!(names.len(), 22);
    assert_eq!(weights(&workload, "imdb_read"), (15, 0));
    assert_eq!(weights(&workload, "imdb_write"), (0, 7));
    assert!(
        workload.modes.iter().flat_map(|mode| mode.mix.keys()).all(|name| names.contains(name))
    );
}

#[test]
fn mixed_is_seventy_to_thirty_and_uniform_within() {
    let workload = described();
    for mode in ["imdb", "imdb_mixed"] {
        let (reads, writes) = weights(&workload, mode);
        assert_eq!(reads * 30, writes * 70, "{mode}");
    }
    let mixed = &workload.modes[0].mix;
    assert_eq!(mixed.len(), 22);
    assert_eq!(mixed.values().collect::<BTreeSet<_>>().len(), 2);
}

#[test]
fn the_dependency_is_needed_at_creation() {
    let error = TestHost::default().create::<Imdb>(Asked::default()).err().unwrap();
    assert!(error.message().starts_with("plugin `stormdb-datagen` does not export"), "{error}");
}

#[test]
fn a_scale_beyond_the_ids_is_refused() {
    for scale in [0, 1 << 31, u64::MAX] {
        let error =
            super::host().create::<Imdb>(Asked { scale, ..Asked::default() }).err().unwrap();
        assert_eq!(error.place(), "scale", "{error}");
    }
}
