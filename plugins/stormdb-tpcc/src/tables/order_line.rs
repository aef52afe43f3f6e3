//! `order_line`: five to fifteen per order.

use dataset::{Span, Table};
use stormdb_plugin_api::{Result, copy::BinaryRows};

use super::small;
use crate::business::{Business, ITEMS, LOADED_AT, Stream, letters, place, position};

pub(super) const TABLE: Table<Business> = Table {
    name: "order_line",
    create: "CREATE TABLE stormdb_tpcc.order_line ( \
             ol_o_id integer, ol_d_id smallint, ol_w_id integer, ol_number integer, \
             ol_i_id integer, ol_supply_w_id integer, ol_delivery_d timestamptz, \
             ol_quantity integer, ol_amount decimal(6,2), ol_dist_info char(24))",
    columns: "ol_o_id, ol_d_id, ol_w_id, ol_number, ol_i_id, ol_supply_w_id, ol_delivery_d, \
              ol_quantity, ol_amount, ol_dist_info",
    serial: None,
    rounds: 1,
    // A unit is an order.
    units: Business::customers,
    chunk: 3000,
    batch: 20,
    rows: |business, span| {
        span.units().map(|order| u64::from(business.order(order).lines.unsigned_abs())).sum()
    },
    write,
};

fn write(business: &Business, span: Span, rows: &mut BinaryRows) -> Result<()> {
    let mut text = String::new();
    for unit in span.units() {
        let (district, number) = position(unit);
        let place = place(district);
        let order = business.order(unit);
        let mut draws = business.draws(Stream::Lines, unit);
        for line in 1..=order.lines {
            text.clear();
            letters(&mut draws, 24, 24, &mut text);
            rows.row(10)
                .i32(number)
                .i16(small(place.district))
                .i32(place.warehouse)
                .i32(line)
                .i32(draws.between(1, ITEMS))
                .i32(place.warehouse);
            if order.carrier.is_some() {
                rows.timestamp_micros(LOADED_AT).i32(5).numeric(0, 2);
            } else {
                rows.null().i32(5).numeric(draws.between(1, 999_999).into(), 2);
            }
            rows.text(&text);
        }
    }
    Ok(())
}
