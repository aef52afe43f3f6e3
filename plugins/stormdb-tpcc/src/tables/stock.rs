//! `stock`: every item in every warehouse.

use dataset::{Span, Table};
use stormdb_plugin_api::{Result, copy::BinaryRows};

use crate::business::{Business, DISTRICTS, ITEMS, Stream, letters, sometimes_original};

pub(super) const TABLE: Table<Business> = Table {
    name: "stock",
    create: "CREATE TABLE stormdb_tpcc.stock ( \
             s_i_id integer, s_w_id integer, s_quantity integer, \
             s_dist_01 char(24), s_dist_02 char(24), s_dist_03 char(24), s_dist_04 char(24), \
             s_dist_05 char(24), s_dist_06 char(24), s_dist_07 char(24), s_dist_08 char(24), \
             s_dist_09 char(24), s_dist_10 char(24), \
             s_ytd bigint, s_order_cnt integer, s_remote_cnt integer, s_data text)",
    columns: "s_i_id, s_w_id, s_quantity, s_dist_01, s_dist_02, s_dist_03, s_dist_04, s_dist_05, \
              s_dist_06, s_dist_07, s_dist_08, s_dist_09, s_dist_10, s_ytd, s_order_cnt, \
              s_remote_cnt, s_data",
    serial: None,
    rounds: 1,
    units: Business::stock,
    chunk: super::CHUNK_ROWS,
    batch: super::BATCH_ROWS,
    rows: Table::row_per_unit,
    write,
};

fn write(business: &Business, span: Span, rows: &mut BinaryRows) -> Result<()> {
    let mut district = String::new();
    for unit in span.units() {
        let mut draws = business.draws(Stream::Stock, unit);
        rows.row(17)
            .i32((unit - 1) % ITEMS + 1)
            .i32((unit - 1) / ITEMS + 1)
            .i32(draws.between(10, 100));
        for _ in 0..DISTRICTS {
            district.clear();
            letters(&mut draws, 24, 24, &mut district);
            rows.text(&district);
        }
        rows.i64(0).i32(0).i32(0).text(&sometimes_original(&mut draws));
    }
    Ok(())
}
