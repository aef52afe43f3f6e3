//! `new_order`: the loaded orders that wait for their delivery.

use dataset::{Span, Table};
use stormdb_plugin_api::{Result, copy::BinaryRows};

use super::small;
use crate::business::{Business, CUSTOMERS, FIRST_UNDELIVERED, place};

pub(super) const TABLE: Table<Business> = Table {
    name: "new_order",
    create: "CREATE TABLE stormdb_tpcc.new_order ( \
             no_o_id integer, no_d_id smallint, no_w_id integer)",
    columns: "no_o_id, no_d_id, no_w_id",
    serial: None,
    rounds: 1,
    units: Business::districts,
    chunk: 10,
    batch: 1,
    rows: |_business, span| span.len() * u64::from(CUSTOMERS.abs_diff(FIRST_UNDELIVERED) + 1),
    write,
};

fn write(_business: &Business, span: Span, rows: &mut BinaryRows) -> Result<()> {
    for district in span.units() {
        let place = place(district);
        for order in FIRST_UNDELIVERED..=CUSTOMERS {
            rows.row(3).i32(order).i16(small(place.district)).i32(place.warehouse);
        }
    }
    Ok(())
}
