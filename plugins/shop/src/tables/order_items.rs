//! `order_items`: one to five per order.

use dataset::{Span, Table};
use stormdb_plugin_api::{Result, copy::BinaryRows};

use super::{BATCH_UNITS, CHUNK_UNITS};
use crate::{Store, catalogue::first_item};

/// The table.
#[must_use]
pub const fn table<S: Store>() -> Table<S> {
    Table {
        name: "order_items",
        create: "CREATE TABLE order_items ( \
                 item_id serial, order_id integer, product_id integer, quantity integer NOT NULL, \
                 unit_price decimal(10,2) NOT NULL, total_price decimal(12,2) NOT NULL, \
                 discount_applied decimal(8,2) DEFAULT 0)",
        columns: "item_id, order_id, product_id, quantity, unit_price, total_price, \
                  discount_applied",
        serial: Some("item_id"),
        rounds: 1,
        // A unit is an order.
        units: |store| store.catalogue().orders(),
        chunk: CHUNK_UNITS,
        batch: BATCH_UNITS,
        rows: |_store, span| first_item(span.last + 1).abs_diff(first_item(span.first)).into(),
        write,
    }
}

#[expect(clippy::unnecessary_wraps, reason = "rows of other tables can fail to be made")]
fn write<S: Store>(store: &S, span: Span, rows: &mut BinaryRows) -> Result<()> {
    for order in span.units() {
        for (number, item) in (first_item(order)..).zip(store.catalogue().order(order).items) {
            rows.row(7)
                .i32(number)
                .i32(order)
                .i32(item.product)
                .i32(item.quantity)
                .numeric(item.price, 2)
                .numeric(item.total(), 2)
                .numeric(item.discount, 2);
        }
    }
    Ok(())
}
