//! `history`: the payment that every customer has made.

use dataset::{Span, Table};
use stormdb_plugin_api::{Result, copy::BinaryRows};

use super::small;
use crate::business::{Business, LOADED_AT, Stream, dollars, place, position, word};

pub(super) const TABLE: Table<Business> = Table {
    name: "history",
    create: "CREATE TABLE stormdb_tpcc.history ( \
             h_c_id integer, h_c_d_id smallint, h_c_w_id integer, h_d_id smallint, h_w_id integer, \
             h_date timestamptz, h_amount decimal(6,2), h_data text)",
    columns: "h_c_id, h_c_d_id, h_c_w_id, h_d_id, h_w_id, h_date, h_amount, h_data",
    serial: None,
    rounds: 1,
    units: Business::customers,
    chunk: super::CHUNK_ROWS,
    batch: super::BATCH_ROWS,
    rows: Table::row_per_unit,
    write,
};

fn write(business: &Business, span: Span, rows: &mut BinaryRows) -> Result<()> {
    for unit in span.units() {
        let mut draws = business.draws(Stream::History, unit);
        let (district, customer) = position(unit);
        let place = place(district);
        rows.row(8)
            .i32(customer)
            .i16(small(place.district))
            .i32(place.warehouse)
            .i16(small(place.district))
            .i32(place.warehouse)
            .timestamp_micros(LOADED_AT)
            .numeric(dollars(10), 2)
            .text(&word(&mut draws, 12, 24));
    }
    Ok(())
}
