//! `purchase_order_items`: up to six per purchase order; nothing is received that was not ordered.

use dataset::{Span, Table};
use shop::DAY;
use stormdb_plugin_api::{Result, copy::BinaryRows};

use crate::market::{Market, PURCHASE_ORDERS};

pub(super) const TABLE: Table<Market> = Table {
    name: "purchase_order_items",
    create: "CREATE TABLE purchase_order_items ( \
             po_item_id serial, po_id integer, product_id integer, \
             quantity_ordered integer NOT NULL, quantity_received integer DEFAULT 0 \
                 CHECK (quantity_received BETWEEN 0 AND quantity_ordered), \
             unit_cost decimal(10,2) NOT NULL, total_cost decimal(12,2) NOT NULL, \
             received_at timestamptz)",
    columns: "po_item_id, po_id, product_id, quantity_ordered, quantity_received, unit_cost, \
              total_cost, received_at",
    serial: Some("po_item_id"),
    rounds: 1,
    // A unit is a purchase order.
    units: |_market| PURCHASE_ORDERS,
    chunk: PURCHASE_ORDERS,
    batch: PURCHASE_ORDERS,
    rows: |market, span| {
        span.units().map(|number| market.purchase_order(number).items.len() as u64).sum()
    },
    write,
};

/// All in one go: the table is small, and the first number of an order depends on those before.
#[expect(clippy::unnecessary_wraps, reason = "rows of other tables can fail to be made")]
fn write(market: &Market, span: Span, rows: &mut BinaryRows) -> Result<()> {
    let orders = span.units().map(|number| (number, market.purchase_order(number)));
    let items = orders.flat_map(|(number, order)| {
        let delivered = order.created + i64::from(order.days.0 + order.days.1) * DAY;
        let received = (order.status == "received").then_some(delivered);
        order.items.into_iter().map(move |item| (number, received, item))
    });
    for (row, (number, received, item)) in (1..).zip(items) {
        rows.row(8)
            .i32(row)
            .i32(number)
            .i32(item.product)
            .i32(item.quantity)
            .i32(if received.is_some() { item.quantity } else { 0 })
            .numeric(item.cost, 2)
            .numeric(item.cost * i64::from(item.quantity), 2);
        match received {
            Some(time) => rows.timestamp_micros(time),
            None => rows.null(),
        };
    }
    Ok(())
}
