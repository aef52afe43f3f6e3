//! `district`: ten per warehouse.

use dataset::{Span, Table};
use stormdb_plugin_api::{Result, copy::BinaryRows};

use super::small;
use crate::business::{Business, CUSTOMERS, Stream, dollars, place, word, zip};

pub(super) const TABLE: Table<Business> = Table {
    name: "district",
    create: "CREATE TABLE stormdb_tpcc.district ( \
             d_id smallint, d_w_id integer, d_name text, d_street text, d_city text, \
             d_state char(2), d_zip char(9), d_tax decimal(4,4), d_ytd decimal(12,2), \
             d_next_o_id integer)",
    columns: "d_id, d_w_id, d_name, d_street, d_city, d_state, d_zip, d_tax, d_ytd, d_next_o_id",
    serial: None,
    rounds: 1,
    units: Business::districts,
    chunk: super::CHUNK_ROWS,
    batch: super::BATCH_ROWS,
    rows: Table::row_per_unit,
    write,
};

fn write(business: &Business, span: Span, rows: &mut BinaryRows) -> Result<()> {
    for unit in span.units() {
        let mut draws = business.draws(Stream::District, unit);
        let place = place(unit);
        rows.row(10)
            .i16(small(place.district))
            .i32(place.warehouse)
            .text(&word(&mut draws, 6, 10))
            .text(&word(&mut draws, 10, 20))
            .text(&word(&mut draws, 10, 20))
            .text(&word(&mut draws, 2, 2))
            .text(&zip(&mut draws))
            .numeric(draws.between(0, 2000).into(), 4)
            .numeric(dollars(30_000), 2)
            .i32(CUSTOMERS + 1);
    }
    Ok(())
}
