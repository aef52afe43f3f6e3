//! `item`: the same hundred thousand at every scale.

use dataset::{Span, Table};
use stormdb_plugin_api::{Result, copy::BinaryRows};

use crate::business::{Business, ITEMS, Stream, sometimes_original, word};

pub(super) const TABLE: Table<Business> = Table {
    name: "item",
    create: "CREATE TABLE stormdb_tpcc.item ( \
             i_id integer, i_im_id integer, i_name text, i_price decimal(5,2), i_data text)",
    columns: "i_id, i_im_id, i_name, i_price, i_data",
    serial: None,
    rounds: 1,
    units: |_business| ITEMS,
    chunk: super::CHUNK_ROWS,
    batch: super::BATCH_ROWS,
    rows: Table::row_per_unit,
    write,
};

fn write(business: &Business, span: Span, rows: &mut BinaryRows) -> Result<()> {
    for item in span.units() {
        let mut draws = business.draws(Stream::Item, item);
        rows.row(5)
            .i32(item)
            .i32(draws.between(1, 10_000))
            .text(&word(&mut draws, 14, 24))
            .numeric(draws.between(100, 10_000).into(), 2)
            .text(&sometimes_original(&mut draws));
    }
    Ok(())
}
