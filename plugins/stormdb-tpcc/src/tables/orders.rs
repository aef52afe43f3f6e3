//! `orders`: one of every customer, in random order.

use dataset::{Span, Table};
use stormdb_plugin_api::{Result, copy::BinaryRows};

use super::small;
use crate::business::{Business, CUSTOMERS, LOADED_AT, Order, Stream, place};

pub(super) const TABLE: Table<Business> = Table {
    name: "orders",
    create: "CREATE TABLE stormdb_tpcc.orders ( \
             o_id integer, o_d_id smallint, o_w_id integer, o_c_id integer, o_entry_d timestamptz, \
             o_carrier_id integer, o_ol_cnt integer, o_all_local integer)",
    columns: "o_id, o_d_id, o_w_id, o_c_id, o_entry_d, o_carrier_id, o_ol_cnt, o_all_local",
    serial: None,
    rounds: 1,
    // A district at a time, as it takes all of its customers to put them in random order.
    units: Business::districts,
    chunk: 5,
    batch: 1,
    rows: |_business, span| span.len() * u64::from(CUSTOMERS.unsigned_abs()),
    write,
};

fn write(business: &Business, span: Span, rows: &mut BinaryRows) -> Result<()> {
    for district in span.units() {
        let place = place(district);
        for (order, customer) in (1..).zip(shuffled_customers(business, district)) {
            let Order { lines, carrier } = business.order((district - 1) * CUSTOMERS + order);
            rows.row(8)
                .i32(order)
                .i16(small(place.district))
                .i32(place.warehouse)
                .i32(customer)
                .timestamp_micros(LOADED_AT);
            match carrier {
                Some(carrier) => rows.i32(carrier),
                None => rows.null(),
            };
            rows.i32(lines).i32(1);
        }
    }
    Ok(())
}

/// A random permutation of a district's customers (Durstenfeld's form of the Fisher-Yates shuffle).
fn shuffled_customers(business: &Business, district: i32) -> Vec<i32> {
    let mut draws = business.draws(Stream::OrdersOfDistrict, district);
    let mut customers: Vec<i32> = (1..=CUSTOMERS).collect();
    for (last, bound) in (1..customers.len()).rev().zip((2..=CUSTOMERS.unsigned_abs()).rev()) {
        customers.swap(last, draws.below(bound) as usize);
    }
    customers
}
