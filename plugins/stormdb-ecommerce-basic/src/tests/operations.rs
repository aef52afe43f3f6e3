//! Every operation with scripted answers.

use std::collections::BTreeSet;

use shop::testing::{Driven, assert_reads, described, first_params, host, workload};
use stormdb_plugin_api::{
    describe::Class,
    testing::{Answer, Sent},
};

use crate::{EcommerceBasic, basic::Basic};

fn driven(users: i32) -> Driven<EcommerceBasic> {
    Driven::new(users, None)
}

/// What a worker knows where `users` are loaded.
pub(super) fn basic(users: i32) -> Basic {
    driven(users).worker.store
}

#[test]
fn every_read_takes_what_it_asks_for_and_refuses_nothing_and_other_rows() {
    let of_one = ["user-by-email", "product-by-sku", "user-summary"];
    assert_reads::<EcommerceBasic>(None, &of_one);
}

#[test]
fn every_write_ends_well_with_one_row_per_statement() {
    for name in driven(1).names(Class::Write) {
        for seed in 0..20 {
            let mut driven = driven(1);
            driven.session.otherwise(|_sql| Answer::affected(1));
            let written = driven.execute(&name, seed).unwrap().rows_written;
            // An order, one to five items, and the total.
            let expected = if name == "create-order" { 3..=7 } else { 1..=1 };
            assert!(expected.contains(&written), "{name} wrote {written} rows");
        }
    }
}

#[test]
fn an_empty_table_is_an_error_of_every_write() {
    for name in driven(1).names(Class::Write) {
        let mut driven = driven(1);
        driven.session.otherwise(|_sql| Answer::affected(0));
        let result = driven.execute(&name, 3);
        assert!(result.is_err(), "{name} found nothing and said {result:?}");
    }
}

#[test]
fn users_products_and_orders_are_drawn_from_the_loaded_ones() {
    let mut driven = driven(12);
    driven.session.otherwise(|_sql| Answer::affected(1));
    let mut drawn = |operation: &str| -> BTreeSet<i32> {
        (0..400)
            .filter_map(|seed| {
                drop(driven.execute(operation, seed));
                first_params(&driven.session.sent())[0].parse().ok()
            })
            .collect()
    };
    assert_eq!(drawn("similar-users"), (1..=12).collect());
    assert_eq!(drawn("product-events"), (1..=6).collect());
    assert_eq!(drawn("order-details"), (1..=24).collect());
    assert_eq!(drawn("adjust-inventory"), (1..=5).collect(), "all but the discontinued");
}

#[test]
fn the_best_product_stays_the_best() {
    let mut driven = driven(4);
    driven.session.otherwise(|_sql| Answer::affected(1));
    for seed in 0..200 {
        driven.execute("rate-product", seed).unwrap();
        let [product, rating] = &first_params(&driven.session.sent())[..] else { panic!("two") };
        assert!(product != "1" || rating == "5", "product {product} was rated {rating}");
    }
}

#[test]
fn an_order_is_one_transaction() {
    let mut driven = driven(12);
    driven.session.otherwise(|_sql| Answer::affected(1));
    driven.execute("create-order", 7).unwrap();
    let sent = driven.session.sent();
    let [Sent::Pipeline(steps)] = &sent[..] else { panic!("{sent:?}") };
    let sql = |step: &Sent| match step {
        Sent::Query { sql, .. } => sql.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(sql(&steps[0]), "BEGIN");
    assert_eq!(sql(&steps[steps.len() - 1]), "COMMIT");
    assert!(sql(&steps[steps.len() - 2]).contains("UPDATE stormdb_ecommerce_basic.orders"));
}

#[test]
fn statements_use_what_the_schema_offers() {
    let host = host();
    drop(workload::<EcommerceBasic>(&host, 1));
    let statements = host.statements();
    assert!(statements.iter().all(|sql| !sql.contains("random()")), "the host seeds all draws");
    assert!(statements.iter().all(|sql| !sql.contains("shop.")), "the schema has its name");
    let text = "to_tsvector('english', name || ' ' || coalesce(description, ''))";
    assert!(statements.iter().any(|sql| sql.contains(text)), "as the GIN index has it");
    assert!(
        described::<EcommerceBasic>()
            .tables
            .iter()
            .flat_map(|table| &table.indexes)
            .any(|index| index.on.contains(text))
    );
    // What must be unique follows from the sequences of the server.
    for sequence in ["users_user_id_seq", "products_product_id_seq", "orders_order_id_seq"] {
        let next = format!("nextval('stormdb_ecommerce_basic.{sequence}')");
        assert!(statements.iter().any(|sql| sql.contains(&next)), "{sequence}");
    }
}
