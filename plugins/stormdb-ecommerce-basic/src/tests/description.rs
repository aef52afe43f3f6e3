//! What the plugin says about itself.

use std::collections::BTreeSet;

use shop::testing::{described, host, mix, weights};
use stormdb_plugin_api::testing::Asked;

use crate::EcommerceBasic;

#[test]
fn modes_and_packaging_agree() {
    let manifest: toml::Table = include_str!("../../Cargo.toml").parse().unwrap();
    let packaging = &manifest["package"]["metadata"]["stormdb"];
    let packaged = packaging["workloads"].as_array().unwrap();
    let packaged: Vec<_> = packaged.iter().map(|name| name.as_str().unwrap()).collect();
    let workload = described::<EcommerceBasic>();
    assert_eq!(workload.modes.iter().map(|mode| mode.name.as_str()).collect::<Vec<_>>(), packaged);
    assert_eq!(packaging["dependencies"][datagen_service::PLUGIN].as_str(), Some("^1"));
    assert!(workload.extensions.is_empty());
}

#[test]
fn there_are_fourteen_reads_and_eight_writes_with_names_of_their_own() {
    let workload = described::<EcommerceBasic>();
    let names: BTreeSet<_> = workload.operations.iter().map(|operation| &operation.name).collect();
    assert_eq!(names.len(), 22);
    assert_eq!(weights(&workload, "ecommerce_basic_read"), (14, 0));
    assert_eq!(weights(&workload, "ecommerce_basic_write"), (0, 8));
    let drawn = workload.modes.iter().flat_map(|mode| mode.mix.keys());
    assert!(drawn.into_iter().all(|name| names.contains(name)));
}

#[test]
fn mixed_is_three_to_one_and_uniform_within() {
    let workload = described::<EcommerceBasic>();
    for mode in ["ecommerce_basic", "ecommerce_basic_mixed"] {
        let (reads, writes) = weights(&workload, mode);
        assert_eq!(reads, 3 * writes, "{mode}");
        let mix = mix(&workload, mode);
        assert_eq!(mix.len(), 22);
        assert_eq!(mix.values().collect::<BTreeSet<_>>().len(), 2, "one weight per class");
    }
}

#[test]
fn oltp_and_analytics_have_the_documented_shares() {
    let workload = described::<EcommerceBasic>();
    assert_eq!(weights(&workload, "ecommerce_basic_oltp"), (60, 40));
    let oltp = mix(&workload, "ecommerce_basic_oltp");
    let reads =
        ["user-by-email", "product-by-sku", "user-orders", "product-reviews", "category-products"];
    let writes = ["create-order", "adjust-inventory", "log-event", "update-user"];
    assert!(
        reads.iter().all(|&name| oltp[name] == 12) && writes.iter().all(|&name| oltp[name] == 10)
    );
    let analytics = mix(&workload, "ecommerce_basic_analytics");
    assert_eq!(analytics.values().collect::<Vec<_>>(), [&20; 5]);
}

#[test]
fn a_scale_beyond_the_ids_is_refused() {
    for scale in [0, 1 << 31, u64::MAX] {
        let asked = Asked { scale, ..Asked::default() };
        let error = host().create::<EcommerceBasic>(asked).err().unwrap();
        assert_eq!(error.place(), "scale", "{error}");
    }
}
