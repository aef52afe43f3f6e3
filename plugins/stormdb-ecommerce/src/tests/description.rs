//! What the plugin says about itself.

use std::collections::BTreeSet;

use shop::testing::{described, host, mix, weights};
use stormdb_plugin_api::testing::Asked;

use crate::Ecommerce;

#[test]
fn what_is_packed_is_what_is_offered() {
    let manifest: toml::Table = include_str!("../../Cargo.toml").parse().unwrap();
    let packaging = &manifest["package"]["metadata"]["stormdb"];
    let workload = described::<Ecommerce>();
    let offered: Vec<_> = workload.modes.iter().map(|mode| mode.name.clone().into()).collect();
    assert_eq!(packaging["workloads"].as_array(), Some(&offered));
    assert_eq!(packaging["dependencies"][datagen_service::PLUGIN].as_str(), Some("^1"));
    assert_eq!(workload.extensions, ["vector"]);
}

#[test]
fn there_are_twenty_reads_and_ten_writes_and_five_more_for_modes_of_their_own() {
    let workload = described::<Ecommerce>();
    let names: BTreeSet<_> = workload.operations.iter().map(|operation| &operation.name).collect();
    assert_eq!((names.len(), workload.operations.len()), (35, 35));
    assert_eq!(weights(&workload, "ecommerce_read"), (20, 0));
    assert_eq!(weights(&workload, "ecommerce_write"), (0, 10));
    for mode in ["ecommerce", "ecommerce_mixed"] {
        assert_eq!(weights(&workload, mode), (60, 20), "three to one");
        assert_eq!(mix(&workload, mode).len(), 30);
    }
    let drawn: BTreeSet<_> = workload.modes.iter().flat_map(|mode| mode.mix.keys()).collect();
    assert_eq!(drawn, names, "every operation is drawn by some mode, and nothing else");
}

#[test]
fn oltp_and_analytics_are_as_documented() {
    let workload = described::<Ecommerce>();
    let expected = [
        ("user-by-email", 12),
        ("product-by-sku", 12),
        ("user-orders", 12),
        ("product-inventory", 12),
        ("order-header", 12),
        ("adjust-inventory", 10),
        ("update-user-profile", 10),
        ("log-event", 10),
        ("set-order-status", 10),
    ];
    let expected = expected.map(|(name, weight)| (name.to_owned(), weight)).into();
    assert_eq!(mix(&workload, "ecommerce_oltp"), expected);
    let analytics = mix(&workload, "ecommerce_analytics");
    assert_eq!(analytics.into_values().collect::<Vec<_>>(), [1; 7]);
    assert_eq!(weights(&workload, "ecommerce_analytics"), (7, 0));
}

#[test]
fn unknown_keys_of_the_configuration_are_refused() {
    let asked = Asked { config: r#"{"dimension": 3}"#, ..Asked::default() };
    let error = host().create::<Ecommerce>(asked).err().unwrap();
    assert!(error.message().contains("dimension"), "{error}");
}
