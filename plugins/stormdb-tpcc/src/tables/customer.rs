//! `customer`: three thousand per district.

use dataset::{Span, Table};
use stormdb_plugin_api::{Result, copy::BinaryRows};

use super::small;
use crate::business::{
    Business, LOADED_AT, Stream, digits, dollars, letters, place, position, word, zip,
};

pub(super) const TABLE: Table<Business> = Table {
    name: "customer",
    create: "CREATE TABLE stormdb_tpcc.customer ( \
             c_id integer, c_d_id smallint, c_w_id integer, c_first text, c_middle char(2), \
             c_last text, c_street text, c_city text, c_state char(2), c_zip char(9), \
             c_phone char(16), c_since timestamptz, c_credit char(2), c_credit_lim decimal(12,2), \
             c_discount decimal(4,4), c_balance decimal(12,2), c_ytd_pay decimal(12,2), \
             c_payment_cnt integer, c_delivery_cnt integer, c_data text)",
    columns: "c_id, c_d_id, c_w_id, c_first, c_middle, c_last, c_street, c_city, c_state, c_zip, \
              c_phone, c_since, c_credit, c_credit_lim, c_discount, c_balance, c_ytd_pay, \
              c_payment_cnt, c_delivery_cnt, c_data",
    serial: None,
    rounds: 1,
    units: Business::customers,
    chunk: super::CHUNK_ROWS,
    batch: super::BATCH_ROWS,
    rows: Table::row_per_unit,
    write,
};

fn write(business: &Business, span: Span, rows: &mut BinaryRows) -> Result<()> {
    let mut remarks = String::new();
    for unit in span.units() {
        let mut draws = business.draws(Stream::Customer, unit);
        let (district, customer) = position(unit);
        let place = place(district);
        let last_name = business.last_name(customer, &mut draws);
        let credit = if draws.below(10) == 0 { "BC" } else { "GC" };
        remarks.clear();
        letters(&mut draws, 300, 500, &mut remarks);
        rows.row(20)
            .i32(customer)
            .i16(small(place.district))
            .i32(place.warehouse)
            .text(&word(&mut draws, 8, 16))
            .text("OE")
            .text(&last_name)
            .text(&word(&mut draws, 10, 20))
            .text(&word(&mut draws, 10, 20))
            .text(&word(&mut draws, 2, 2))
            .text(&zip(&mut draws))
            .text(&digits(&mut draws, 16))
            .timestamp_micros(LOADED_AT)
            .text(credit)
            .numeric(dollars(50_000), 2)
            .numeric(draws.between(0, 5000).into(), 4)
            .numeric(dollars(-10), 2)
            .numeric(dollars(10), 2)
            .i32(1)
            .i32(0)
            .text(&remarks);
    }
    Ok(())
}
