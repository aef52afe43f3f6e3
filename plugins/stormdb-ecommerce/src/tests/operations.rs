//! Every operation with scripted answers.

use shop::testing::{Driven, assert_reads, described, first_params, host, workload};
use stormdb_plugin_api::{
    Outcome,
    describe::Class,
    rows,
    testing::{Answer, Sent},
};

use crate::{Ecommerce, market::Market, tables::DATASET};

const DIMENSIONS: i32 = 8;

fn driven(users: i32) -> Driven<Ecommerce> {
    Driven::new(users, Some(DIMENSIONS))
}

/// What a worker knows where `users` are loaded with vectors of the default length.
pub(super) fn market(users: i32) -> Market {
    Driven::<Ecommerce>::new(users, Some(256)).worker.store
}

/// Answers that let any write do its work.
fn granted(sql: &str) -> Answer {
    if sql.contains("FOR UPDATE OF i") { rows![[1_i32]] } else { Answer::affected(1) }
}

/// The texts of all statements that were sent, those of pipelines included.
fn texts(sent: Vec<Sent>) -> Vec<String> {
    let text = |sent: Sent| match sent {
        Sent::Query { sql, .. } => vec![sql],
        Sent::Pipeline(steps) => texts(steps),
        other => panic!("{other:?}"),
    };
    sent.into_iter().flat_map(text).collect()
}

#[test]
fn every_read_takes_what_it_asks_for_and_refuses_nothing_and_other_rows() {
    let of_one =
        ["user-by-email", "product-by-sku", "user-summary", "product-inventory", "order-header"];
    assert_reads::<Ecommerce>(Some(DIMENSIONS), &of_one);
}

#[test]
fn every_write_ends_well() {
    for name in driven(1).names(Class::Write) {
        for seed in 0..20 {
            let mut driven = driven(1);
            driven.session.otherwise(granted);
            let written = driven.execute(&name, seed).unwrap().rows_written;
            let expected = match name.as_str() {
                // Stock and items of one to three products, the order and its total.
                "create-order" => 4..=8,
                "create-purchase-order" => 2..=2,
                _ => 1..=1,
            };
            assert!(expected.contains(&written), "{name} wrote {written} rows");
        }
    }
}

#[test]
fn where_nothing_waits_is_sold_or_is_needed_nothing_is_written() {
    let idle = ["create-order", "ship-order", "receive-purchase-item", "create-purchase-order"];
    for name in driven(1).names(Class::Write) {
        let mut driven = driven(1);
        driven.session.otherwise(|_sql| Answer::affected(0));
        let result = driven.execute(&name, 3);
        if idle.contains(&name.as_str()) {
            assert_eq!(result.unwrap(), Outcome::written(0), "{name}");
        } else {
            assert!(result.is_err(), "{name} wrote nothing and said {result:?}");
        }
    }
}

#[test]
fn stock_is_taken_in_the_order_of_products_and_what_is_sold_out_shortens_the_order() {
    for seed in 0..50 {
        let mut driven = driven(100);
        let mut first = true;
        driven.session.otherwise(move |sql| match sql.contains("quantity_available >= $2") {
            true => Answer::affected(u64::from(!std::mem::take(&mut first))),
            false => Answer::affected(1),
        });
        let outcome = driven.execute("create-order", seed).unwrap();
        let sent = driven.session.sent();
        let Sent::Pipeline(taken) = &sent[0] else { panic!("{sent:?}") };
        let products: Vec<i32> = taken[1..]
            .iter()
            .map(|step| match step {
                Sent::Query { params, .. } => params[0].parse().unwrap(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert!(products.is_sorted_by(|one, next| one < next), "{products:?}");
        let last = texts(sent).pop().unwrap();
        if products.len() == 1 {
            assert_eq!((last.as_str(), outcome), ("ROLLBACK", Outcome::written(0)));
        } else {
            let kept = products.len() as u64 - 1;
            assert_eq!((last.as_str(), outcome), ("COMMIT", Outcome::written(2 * kept + 2)));
        }
    }
}

#[test]
fn a_purchase_that_others_made_meanwhile_is_rolled_back() {
    let mut driven = driven(100);
    driven.session.otherwise(|sql| {
        match sql.contains("INTO stormdb_ecommerce.purchase_order_items") {
            true => Answer::affected(0),
            false => granted(sql),
        }
    });
    assert_eq!(driven.execute("create-purchase-order", 3).unwrap(), Outcome::written(0));
    assert_eq!(texts(driven.session.sent()).pop().unwrap(), "ROLLBACK");
}

#[test]
fn what_waits_is_looked_for_from_a_drawn_place_and_then_from_the_beginning() {
    for name in ["ship-order", "receive-purchase-item"] {
        let mut driven = driven(100);
        driven.session.answer(Answer::affected(0));
        driven.session.answer(Answer::affected(1));
        assert_eq!(driven.execute(name, 3).unwrap(), Outcome::written(1), "{name}");
        let sent = driven.session.sent();
        assert_ne!(first_params(&sent)[0], "0");
        assert_eq!(first_params(&sent[1..])[0], "0");
    }
}

#[test]
fn a_segment_without_an_average_is_an_error_and_others_are_not() {
    let segment = |average: Option<f64>| {
        let mut driven = driven(1);
        driven.session.answer(rows![["France", "Inactive", 3_i64, average]]);
        driven.execute("customer-segments", 1)
    };
    assert_eq!(segment(Some(0.0)).unwrap(), Outcome::read(1));
    assert!(segment(None).is_err());
}

#[test]
fn neighbours_that_come_in_another_order_than_asked_for_are_an_error() {
    let mut driven = driven(1);
    let review = |distance: f64| {
        rows![[1_i32, 1_i32, 5_i32, "text", 0.5_f64], [2_i32, 1_i32, 5_i32, "text", distance]]
    };
    driven.session.answer(review(0.4));
    assert!(driven.execute("vector-search", 1).is_err());
    driven.session.answer(review(0.6));
    assert_eq!(driven.execute("vector-search", 1).unwrap(), Outcome::read(2));
    let asked = &first_params(&driven.session.sent())[0];
    assert_eq!(asked.matches(',').count() + 1, 8, "as long as the loaded ones: {asked}");
}

#[test]
fn the_first_order_stays_delivered() {
    let mut driven = driven(2);
    driven.session.otherwise(|_sql| Answer::affected(1));
    for seed in 0..100 {
        driven.execute("set-order-status", seed).unwrap();
        assert_ne!(first_params(&driven.session.sent())[0], "1");
    }
}

#[test]
fn statements_use_what_the_schema_offers() {
    let host = host();
    drop(workload::<Ecommerce>(&host, 1));
    let statements = host.statements();
    assert!(statements.iter().all(|sql| !sql.contains("random()")), "the host seeds all draws");
    assert!(statements.iter().all(|sql| !sql.contains("shop.")), "the schema has its name");
    let nearest = statements.iter().find(|sql| sql.contains("<=>")).unwrap();
    assert!(nearest.ends_with("ORDER BY distance LIMIT 10"), "{nearest}");
    let tables = described::<Ecommerce>().tables;
    let index =
        |name: &str| tables.iter().flat_map(|table| &table.indexes).any(|one| one.name == name);
    for name in
        ["reviews_content_vector_idx", "purchase_order_items_open_idx", "orders_pending_idx"]
    {
        assert!(index(name), "{name}");
    }
    assert_eq!(statements.iter().filter(|sql| sql.contains("SKIP LOCKED")).count(), 3);
}

#[test]
fn triggers_fire_after_the_change_and_look_before_they_order() {
    let triggers = DATASET.constraints.concat();
    assert_eq!(triggers.matches("CREATE TRIGGER").count(), 2);
    assert_eq!(triggers.matches(" AFTER UPDATE OF ").count(), 2);
    let [reorder, receive] = DATASET.objects else { panic!("two functions") };
    let place = |text: &str, part: &str| text.find(part).unwrap_or_else(|| panic!("{part}"));
    let looks =
        place(reorder.create, "IF EXISTS (SELECT FROM stormdb_ecommerce.purchase_order_items");
    // Numbers are used up for orders alone.
    assert!(looks < place(reorder.create, "nextval"));
    // Of two last items one sees the other, and stock is locked after the order.
    let locks = place(receive.create, "WHERE po_id = NEW.po_id FOR UPDATE");
    assert!(locks < place(receive.create, "NOT EXISTS"));
    assert!(locks < place(receive.create, "UPDATE stormdb_ecommerce.inventory"));
}
