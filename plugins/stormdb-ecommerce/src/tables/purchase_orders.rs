//! `purchase_orders`: twenty, whatever the scale.

use dataset::{Span, Table};
use shop::DAY;
use stormdb_plugin_api::{Result, copy::BinaryRows};

use crate::market::{Market, PURCHASE_ORDERS};

pub(super) const TABLE: Table<Market> = Table {
    name: "purchase_orders",
    create: "CREATE TABLE purchase_orders ( \
             po_id serial, po_number varchar(50) NOT NULL, vendor_id integer, \
             status varchar(50) DEFAULT 'pending' \
                 CHECK (status IN ('pending', 'sent', 'received', 'cancelled')), \
             total_amount decimal(12,2) NOT NULL, tax_amount decimal(8,2) DEFAULT 0, \
             shipping_cost decimal(8,2) DEFAULT 0, expected_delivery date, actual_delivery date, \
             created_at timestamptz DEFAULT now(), updated_at timestamptz DEFAULT now(), \
             created_by varchar(100), notes text)",
    columns: "po_id, po_number, vendor_id, status, total_amount, expected_delivery, \
              actual_delivery, created_at, updated_at, created_by",
    serial: Some("po_id"),
    rounds: 1,
    units: |_market| PURCHASE_ORDERS,
    chunk: PURCHASE_ORDERS,
    batch: PURCHASE_ORDERS,
    rows: Table::row_per_unit,
    write,
};

#[expect(clippy::unnecessary_wraps, reason = "rows of other tables can fail to be made")]
fn write(market: &Market, span: Span, rows: &mut BinaryRows) -> Result<()> {
    for number in span.units() {
        let order = market.purchase_order(number);
        let total = order.items.iter().map(|item| item.cost * i64::from(item.quantity)).sum();
        let created = i32::try_from(order.created / DAY).unwrap_or(0);
        let expected = created + order.days.0;
        rows.row(10)
            .i32(number)
            .text(&format!("PO-20241231-{number:06}"))
            .i32(order.vendor)
            .text(order.status)
            .numeric(total, 2)
            .date_days(expected);
        match order.status {
            "received" => rows.date_days(expected + order.days.1),
            _ => rows.null(),
        };
        rows.timestamp_micros(order.created).timestamp_micros(order.created).text("buyer");
    }
    Ok(())
}
