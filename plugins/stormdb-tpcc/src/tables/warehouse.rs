//! `warehouse`: the unit of scale.

use dataset::{Span, Table};
use stormdb_plugin_api::{Result, copy::BinaryRows};

use crate::business::{Business, Stream, dollars, word, zip};

pub(super) const TABLE: Table<Business> = Table {
    name: "warehouse",
    create: "CREATE TABLE stormdb_tpcc.warehouse ( \
             w_id serial, w_name text, w_street text, w_city text, w_state char(2), w_zip char(9), \
             w_tax decimal(4,4), w_ytd decimal(12,2))",
    columns: "w_id, w_name, w_street, w_city, w_state, w_zip, w_tax, w_ytd",
    serial: Some("w_id"),
    rounds: 1,
    units: Business::warehouses,
    chunk: super::CHUNK_ROWS,
    batch: super::BATCH_ROWS,
    rows: Table::row_per_unit,
    write,
};

fn write(business: &Business, span: Span, rows: &mut BinaryRows) -> Result<()> {
    for warehouse in span.units() {
        let mut draws = business.draws(Stream::Warehouse, warehouse);
        rows.row(8)
            .i32(warehouse)
            .text(&word(&mut draws, 6, 10))
            .text(&word(&mut draws, 10, 20))
            .text(&word(&mut draws, 10, 20))
            .text(&word(&mut draws, 2, 2))
            .text(&zip(&mut draws))
            .numeric(draws.between(0, 2000).into(), 4)
            .numeric(dollars(300_000), 2);
    }
    Ok(())
}
