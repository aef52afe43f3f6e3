//! The loaded rows.

use std::collections::{BTreeMap, BTreeSet};

use shop::testing::{assert_references, assert_shop, cents, host, integer, load, text, workload};
use stormdb_plugin_api::{
    SetupPart, Workload, rows,
    testing::{Answer, Sent, block_on},
};

use crate::{Ecommerce, tests::operations::market, vectors};

#[test]
fn tables_have_the_documented_numbers_of_rows_down_to_one_user() {
    for (scale, products, vendors) in [(1, 2, 1), (19, 9, 1), (100, 50, 5), (1000, 500, 50)] {
        let tables = load::<Ecommerce>(scale, 1);
        let rows = |table: &str| tables[table].len() as u64;
        assert_eq!((rows("users"), rows("products"), rows("vendors")), (scale, products, vendors));
        assert_eq!((rows("orders"), rows("reviews")), (2 * scale, scale));
        assert_eq!((rows("user_sessions"), rows("product_analytics")), (3 * scale, 3 * scale));
        assert_eq!((rows("inventory"), rows("purchase_orders")), (products, 20));
    }
}

#[test]
fn rows_are_numbered_unique_and_refer_to_rows_that_are_there() {
    for scale in (1..=5).chain([23, 45, 600]) {
        let tables = load::<Ecommerce>(scale, 1);
        assert_shop(&tables);
        for (from, column, to) in [
            ("products", 20, "vendors"),
            ("inventory", 7, "vendors"),
            ("purchase_orders", 2, "vendors"),
            ("purchase_order_items", 1, "purchase_orders"),
            ("purchase_order_items", 2, "products"),
        ] {
            assert_references(&tables, (from, column), to);
        }
    }
}

#[test]
fn no_product_is_on_order_twice_and_received_orders_are_complete() {
    for scale in [1, 2, 19, 20, 41, 300, 2000] {
        let tables = load::<Ecommerce>(scale, 1);
        let mut on_order = BTreeSet::new();
        let mut of_order: BTreeMap<i32, (bool, i64)> = BTreeMap::new();
        for row in &tables["purchase_order_items"] {
            let is_open = integer(row, 4) < integer(row, 3);
            assert!(integer(row, 4) <= integer(row, 3), "received what was not ordered");
            assert!(!is_open || on_order.insert(integer(row, 2)), "scale {scale}: on order twice");
            assert_eq!(cents(row, 6), cents(row, 5) * i64::from(integer(row, 3)));
            let (open, total) = of_order.entry(integer(row, 1)).or_default();
            *open |= is_open;
            *total += cents(row, 6);
        }
        for row in &tables["purchase_orders"] {
            let (open, total) = of_order[&integer(row, 0)];
            assert_eq!(open, text(row, 3) != "received", "scale {scale}");
            assert_eq!(cents(row, 4), total, "scale {scale}");
        }
    }
}

#[test]
fn some_customers_have_no_order() {
    let tables = load::<Ecommerce>(600, 1);
    let buyers: BTreeSet<_> = tables["orders"].iter().map(|row| integer(row, 1)).collect();
    assert!((300..600).contains(&buyers.len()), "{}", buyers.len());
}

#[test]
fn of_the_discontinued_product_there_is_nothing_and_nothing_comes() {
    for scale in [1, 50] {
        let tables = load::<Ecommerce>(scale, 1);
        let last = tables["inventory"].last().unwrap();
        assert_eq!(integer(last, 3), 0);
        assert_eq!(last[11].as_deref(), Some(&[0][..]), "no automatic reorder");
        assert_eq!(tables["products"].last().unwrap()[15].as_deref(), Some(&[0][..]));
    }
}

#[test]
fn searches_alone_say_what_was_searched_for() {
    for row in &load::<Ecommerce>(200, 1)["product_analytics"] {
        assert_eq!(row[5].is_some(), text(row, 3) == "search");
    }
}

#[test]
fn vectors_have_their_length_and_lie_nearer_to_their_own_topic() {
    let tables = load::<Ecommerce>(200, 1);
    let market = market(200);
    let catalogue = shop::Store::catalogue(&market);
    let near = |one: &[f64], other: &[f64]| {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        dot(one, other) / (dot(one, one) * dot(other, other)).sqrt()
    };
    let (mut same, mut others) = (Vec::new(), Vec::new());
    let reviews: Vec<_> = (1..=60)
        .map(|number| {
            let product = catalogue.review(number).product;
            (catalogue.product(product).category, market.review_vector(number, product))
        })
        .collect();
    for (place, (category, vector)) in reviews.iter().enumerate() {
        let copied = tables["reviews"][place][12].as_deref().unwrap();
        assert_eq!(copied, vectors::binary(vector));
        assert_eq!(copied.len(), 4 + 4 * 256);
        for (other, compared) in &reviews[..place] {
            let found = if other == category { &mut same } else { &mut others };
            found.push(near(vector, compared));
        }
    }
    let least = same.into_iter().fold(f64::INFINITY, f64::min);
    let most = others.into_iter().fold(f64::NEG_INFINITY, f64::max);
    assert!(least > most, "{least} within a topic, {most} between topics");
}

#[test]
fn the_rows_do_not_depend_on_the_number_of_loaders() {
    assert!(load::<Ecommerce>(1201, 3) == load::<Ecommerce>(1201, 1));
}

#[test]
fn the_length_of_vectors_is_set_once() {
    for (found, altered) in [(-1, true), (256, false)] {
        let host = host();
        let session = host.session();
        session.answer(rows![[true]]);
        session.answer(rows![[5_i64, 42_i64, 1_i32, false]]);
        session.answer(rows![[found]]);
        session.otherwise(|_sql| Answer::affected(1));
        let part = SetupPart { stage: 0, part: 0, parts: 1 };
        block_on(workload::<Ecommerce>(&host, 5).setup(part, &mut session.lend())).unwrap();
        let scripts: Vec<_> = session
            .sent()
            .into_iter()
            .filter_map(|sent| match sent {
                Sent::Script(sql) => Some(sql),
                _ => None,
            })
            .collect();
        assert_eq!(scripts[0], "CREATE EXTENSION IF NOT EXISTS vector");
        assert_eq!(scripts.iter().any(|sql| sql.contains("TYPE vector(256)")), altered);
    }
}
