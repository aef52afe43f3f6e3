//! The loaded rows.

use std::collections::BTreeSet;

use shop::testing::{assert_shop, integer, load, text};

use crate::{EcommerceBasic, tests::operations::basic};

#[test]
fn tables_have_the_documented_numbers_of_rows() {
    for (scale, products) in [(1, 2), (5, 2), (10, 5), (1000, 500)] {
        let tables = load::<EcommerceBasic>(scale, 1);
        let rows = |table: &str| tables[table].len() as u64;
        assert_eq!(
            (rows("users"), rows("products"), rows("inventory")),
            (scale, products, products)
        );
        assert_eq!((rows("orders"), rows("reviews")), (2 * scale, scale));
        assert_eq!((rows("user_sessions"), rows("product_analytics")), (3 * scale, 6 * scale));
        if scale % 5 == 0 {
            assert_eq!(rows("order_items"), 6 * scale);
        }
    }
}

#[test]
fn rows_are_numbered_unique_and_refer_to_rows_that_are_there() {
    for scale in (1..=7).chain([600]) {
        assert_shop(&load::<EcommerceBasic>(scale, 1));
    }
}

#[test]
fn the_rows_do_not_depend_on_the_number_of_loaders() {
    assert!(load::<EcommerceBasic>(5001, 3) == load::<EcommerceBasic>(5001, 1));
}

#[test]
fn operations_know_the_rows_that_were_loaded() {
    let tables = load::<EcommerceBasic>(60, 1);
    let basic = basic(60);
    let catalogue = shop::Store::catalogue(&basic);
    for row in &tables["users"] {
        assert_eq!(text(row, 1), catalogue.email(integer(row, 0)).unwrap());
    }
    for row in &tables["products"] {
        let product = catalogue.product(integer(row, 0));
        assert_eq!(text(row, 4), product.category);
        assert!(text(row, 2).contains(&catalogue.product_word(integer(row, 0)).unwrap()));
    }
    for row in &tables["orders"] {
        assert_eq!(integer(row, 1), catalogue.order(integer(row, 0)).user);
        assert_eq!(text(row, 3), catalogue.order(integer(row, 0)).status);
    }
    for row in &tables["reviews"] {
        assert_eq!(integer(row, 2), catalogue.review(integer(row, 0)).product);
    }
    let statuses: BTreeSet<_> = tables["orders"].iter().map(|row| text(row, 3)).collect();
    assert_eq!(statuses.len(), 6);
}

#[test]
fn popular_products_are_ordered_more_often() {
    let tables = load::<EcommerceBasic>(1000, 1);
    let items = &tables["order_items"];
    let first = items.iter().filter(|row| integer(row, 2) <= 50).count();
    // A tenth of the products; with the law of the draw it is about a third of the items.
    assert!(first * 4 > items.len(), "{first} of {}", items.len());
}
