//! The workload on scripted connections.

use std::collections::BTreeSet;

use stormdb_plugin_api::{
    Plugin, Workload, rows,
    testing::{Answer, Asked, ScriptedSession, Sent, TestHost, block_on, call, execute, seat},
};

use crate::{
    Tpcc, TpccWorker, TpccWorkload,
    business::{Business, CUSTOMERS, FIRST_UNDELIVERED, FORMAT, ITEMS, place, position},
    terminal::Terminal,
};

const NEW_ORDER: u32 = 0;
const PAYMENT: u32 = 1;
const ORDER_STATUS: u32 = 2;
const DELIVERY: u32 = 3;

fn workload(host: &TestHost, scale: u64) -> TpccWorkload {
    let asked =
        Asked { workload: "tpcc", mode: "tpcc", variant: "", scale, seed: 42, config: "{}" };
    host.create::<Tpcc>(asked).unwrap()
}

/// A worker on `scale` loaded warehouses.
fn worker(scale: i64) -> (TpccWorker, ScriptedSession) {
    let host = TestHost::default();
    let workload = workload(&host, 1);
    let session = host.session();
    session.answer(rows![[true]]);
    session.answer(rows![[scale, 42_i64, FORMAT, true]]);
    session.answer(rows![[scale, i64::from(ITEMS)]]);
    block_on(workload.attach(&mut session.lend())).unwrap();
    drop(session.sent());
    (workload.worker(seat(0)).unwrap(), session)
}

/// Answers as a server with every row would.
fn answer_all(session: &ScriptedSession, item: fn() -> Answer) {
    session.otherwise(move |sql| match sql {
        sql if sql.starts_with("SELECT i_price") => item(),
        sql if sql.contains("RETURNING d_next_o_id - 1") => rows![[3001_i32, 0_i32]],
        sql if sql.contains("RETURNING s_quantity") => rows![[50_i32, "somewhere", "words"]],
        sql if sql.contains("RETURNING o_c_id") => rows![[77_i32]],
        sql if sql.contains("ORDER BY c_first") => rows![[1_i32], [2_i32], [3_i32], [4_i32]],
        sql if sql.starts_with("SELECT o_id") => {
            rows![[9_i32, 0_i32, 0_i32, 2_i32]]
        }
        sql if sql.starts_with("SELECT ol_i_id") => rows![[1_i32], [2_i32]],
        sql if sql.contains("RETURNING") || sql.starts_with("SELECT") => rows![["a place"]],
        _ => Answer::affected(1),
    });
}

fn price() -> Answer {
    rows![[stormdb_plugin_api::Numeric::new(150, 2), "name", "words"]]
}

#[test]
fn the_mix_is_that_of_the_specification_and_the_name_promises_no_result() {
    let [workload] = <[_; 1]>::try_from(Tpcc::describe().workloads).unwrap();
    let mix = &workload.modes[0].mix;
    let weights: Vec<_> = ["new-order", "payment", "order-status", "delivery", "stock-level"]
        .map(|name| mix[name])
        .into();
    assert_eq!(weights, [45, 43, 4, 4, 4]);
    assert!(workload.title.contains("TPC-C-like") && workload.title.contains("no TPC-C result"));
}

#[test]
fn packaging_names_the_workload() {
    let manifest: toml::Table = include_str!("../Cargo.toml").parse().unwrap();
    let packaging = &manifest["package"]["metadata"]["stormdb"];
    assert_eq!(packaging["workloads"].as_array().unwrap()[0].as_str(), Some("tpcc"));
}

#[test]
fn a_scale_without_rows_or_beyond_the_ids_is_refused() {
    for scale in [0, 21_475, u64::MAX] {
        let asked = Asked { scale, ..Asked::default() };
        let error = TestHost::default().create::<Tpcc>(asked).err().unwrap();
        assert_eq!(error.place(), "scale", "{error}");
    }
}

#[test]
fn workers_are_spread_over_warehouses_and_then_over_districts() {
    let business = Business::new(3, 1).unwrap();
    let homes: BTreeSet<_> = (0..30)
        .map(|worker| Terminal::new(business, worker))
        .map(|terminal| (terminal.home, terminal.district))
        .collect();
    assert_eq!(homes.len(), 30, "thirty workers have a terminal each");
    assert!(homes.iter().all(|(home, district)| *home <= 3 && *district <= 10));
}

#[test]
fn rows_are_numbered_through_districts_and_warehouses() {
    assert_eq!(position(1), (1, 1));
    assert_eq!(position(CUSTOMERS), (1, CUSTOMERS));
    assert_eq!(position(CUSTOMERS + 1), (2, 1));
    assert_eq!((place(10).warehouse, place(10).district), (1, 10));
    assert_eq!((place(11).warehouse, place(11).district), (2, 1));
}

#[test]
fn loaded_orders_are_delivered_up_to_the_documented_one() {
    let business = Business::new(1, 42).unwrap();
    for row in 1..=CUSTOMERS {
        let order = business.order(row);
        assert!((5..=15).contains(&order.lines));
        assert_eq!(order.carrier.is_some(), row < FIRST_UNDELIVERED);
    }
    let other = Business::new(1, 43).unwrap();
    assert!((1..=100).any(|row| business.order(row) != other.order(row)), "the seed counts");
}

#[test]
fn every_last_name_is_loaded_in_every_district() {
    let business = Business::new(1, 42).unwrap();
    let names: BTreeSet<_> = (1..=1000)
        .map(|customer| {
            let mut draws = business.draws(crate::business::Stream::Customer, customer);
            business.last_name(customer, &mut draws)
        })
        .collect();
    assert_eq!(names.len(), 1000);
}

#[test]
fn a_new_order_takes_four_round_trips_and_writes_every_line() {
    let (mut worker, session) = worker(4);
    answer_all(&session, price);
    let outcome = execute(&mut worker, call(NEW_ORDER, 1), &session).unwrap();
    let lines = outcome.rows_read - 2;
    assert!((5..=15).contains(&lines));
    assert_eq!(outcome.rows_written, 3 + 2 * lines);
    assert!(!session.in_transaction());
}

#[test]
fn an_order_of_an_unused_item_is_rolled_back_and_counts() {
    let (mut worker, session) = worker(4);
    answer_all(&session, price);
    let asks_for_unused = |seed: &u64| {
        execute(&mut worker, call(NEW_ORDER, *seed), &session).unwrap();
        format!("{:?}", session.sent()).contains("\"100001\"")
    };
    let seed = (0..1000).find(asks_for_unused).unwrap();
    let lines = std::rc::Rc::new(std::cell::Cell::new(0));
    let counted = std::rc::Rc::clone(&lines);
    let server = move |missing: u64| {
        let lines = std::rc::Rc::clone(&counted);
        move |sql: &str| match sql {
            sql if sql.starts_with("SELECT i_price") => {
                lines.set(lines.get() + 1);
                if lines.get() == missing { Answer::rows(Vec::new()) } else { price() }
            }
            sql if sql.contains("RETURNING") => rows![[3001_i32, "x"]],
            sql if sql.starts_with("SELECT") => rows![["x"]],
            _ => Answer::affected(1),
        }
    };
    session.otherwise(server(0));
    execute(&mut worker, call(NEW_ORDER, seed), &session).unwrap();
    let last = lines.replace(0);
    drop(session.sent());
    session.otherwise(server(last));
    let outcome = execute(&mut worker, call(NEW_ORDER, seed), &session).unwrap();
    assert_eq!((outcome.rows_read, outcome.rows_written), (2 + last, 0));
    assert_eq!(session.sent().last(), Some(&Sent::query("ROLLBACK", &[])));

    lines.set(0);
    session.otherwise(server(1));
    let error = execute(&mut worker, call(NEW_ORDER, seed), &session).unwrap_err();
    assert!(error.message().starts_with("there is no item "), "{error}");
}

#[test]
fn payments_and_order_status_take_the_customer_in_the_middle() {
    let (mut worker, session) = worker(4);
    answer_all(&session, price);
    for seed in 0..50 {
        drop(session.sent());
        let outcome = execute(&mut worker, call(PAYMENT, seed), &session).unwrap();
        assert_eq!(outcome.rows_written, 4);
        if outcome.rows_read > 0 {
            let sent = format!("{:?}", session.sent());
            assert!(sent.contains("h_c_id"), "{sent}");
        }
        let outcome = execute(&mut worker, call(ORDER_STATUS, seed), &session).unwrap();
        assert!([4, 8].contains(&outcome.rows_read), "two lines, with or without four namesakes");
    }
}

#[test]
fn an_order_whose_lines_are_missing_is_an_error() {
    let (mut worker, session) = worker(1);
    session.otherwise(|sql| match sql {
        sql if sql.contains("ORDER BY c_first") => rows![[1_i32]],
        sql if sql.starts_with("SELECT o_id") => rows![[9_i32, 0_i32, 0_i32, 5_i32]],
        sql if sql.starts_with("SELECT ol_i_id") => rows![[1_i32]],
        sql if sql.starts_with("SELECT") => rows![["x"]],
        _ => Answer::affected(0),
    });
    let error = execute(&mut worker, call(ORDER_STATUS, 1), &session).unwrap_err();
    assert_eq!(error.message(), "order 9 has 1 lines, not 5");
}

#[test]
fn a_delivery_without_waiting_orders_looks_again_and_ends() {
    let (mut worker, session) = worker(1);
    session.otherwise(|_| Answer::rows(Vec::new()));
    let outcome = execute(&mut worker, call(DELIVERY, 1), &session).unwrap();
    assert_eq!(outcome.rows_written, 0);
    let looks = session
        .sent()
        .iter()
        .filter(|sent| matches!(sent, Sent::Query { sql, .. } if sql.starts_with("DELETE")))
        .count();
    assert!(looks == 30 || looks == 0, "{looks} looks at ten districts");
}
