//! `orders`: two per user.

use dataset::{Span, Table};
use stormdb_plugin_api::{Result, copy::BinaryRows};

use super::{BATCH_UNITS, CHUNK_UNITS};
use crate::{
    Store,
    documents::{Place, json},
    order_entry::PAYMENT_METHODS,
};

/// The table.
#[must_use]
pub const fn table<S: Store>() -> Table<S> {
    Table {
        name: "orders",
        create: "CREATE TABLE orders ( \
                 order_id serial, user_id integer, order_number varchar(50) NOT NULL, \
                 status varchar(50) DEFAULT 'pending', total_amount decimal(12,2) NOT NULL, \
                 shipping_cost decimal(8,2) DEFAULT 0, tax_amount decimal(8,2) DEFAULT 0, \
                 discount_amount decimal(8,2) DEFAULT 0, payment_method varchar(50), \
                 shipping_address jsonb, billing_address jsonb, \
                 created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now(), \
                 shipped_at timestamptz, delivered_at timestamptz, notes text)",
        columns: "order_id, user_id, order_number, status, total_amount, shipping_cost, \
                  tax_amount, discount_amount, payment_method, shipping_address, billing_address, \
                  created_at, updated_at, shipped_at, delivered_at",
        serial: Some("order_id"),
        rounds: 1,
        units: |store| store.catalogue().orders(),
        chunk: CHUNK_UNITS,
        batch: BATCH_UNITS,
        rows: Table::row_per_unit,
        write,
    }
}

fn write<S: Store>(store: &S, span: Span, rows: &mut BinaryRows) -> Result<()> {
    let catalogue = store.catalogue();
    for number in span.units() {
        let order = catalogue.order(number);
        let user = catalogue.user(order.user);
        let address = json(&Place::from(&user.address))?;
        let method = PAYMENT_METHODS[usize::try_from(number).unwrap_or(0) % PAYMENT_METHODS.len()];
        rows.row(15)
            .i32(number)
            .i32(order.user)
            .text(&format!("ORD-{number:08}"))
            .text(order.status)
            .numeric(order.total(), 2)
            .numeric(order.charges.shipping, 2)
            .numeric(order.charges.tax, 2)
            .numeric(order.charges.discount, 2)
            .text(method)
            .jsonb(&address)
            .jsonb(&address)
            .timestamp_micros(order.created)
            .timestamp_micros(order.delivered.or(order.shipped).unwrap_or(order.created));
        for time in [order.shipped, order.delivered] {
            match time {
                Some(time) => rows.timestamp_micros(time),
                None => rows.null(),
            };
        }
    }
    Ok(())
}
