//! The nine tables: how each is made and filled (clauses 1.3 and 4.3.3), and their indexes.

#![expect(
    clippy::unnecessary_wraps,
    reason = "rows of other workloads' tables can fail to be made"
)]

mod customer;
mod district;
mod history;
mod item;
mod new_order;
mod order_line;
mod orders;
mod stock;
mod warehouse;

use dataset::{Dataset, Index};

use crate::{
    SCHEMA,
    business::{Business, FORMAT},
};

pub(crate) const DATASET: Dataset<Business> = Dataset {
    schema: SCHEMA,
    format: FORMAT,
    objects: &[],
    tables: &[
        &warehouse::TABLE,
        &district::TABLE,
        &item::TABLE,
        &stock::TABLE,
        &customer::TABLE,
        &history::TABLE,
        &orders::TABLE,
        &new_order::TABLE,
        &order_line::TABLE,
    ],
    indexes: &[
        Index::unique("order_line_pkey", "order_line (ol_w_id, ol_d_id, ol_o_id, ol_number)"),
        Index::unique("stock_pkey", "stock (s_w_id, s_i_id)"),
        Index::unique("customer_pkey", "customer (c_w_id, c_d_id, c_id)"),
        Index::new("customer_last_name_idx", "customer (c_w_id, c_d_id, c_last, c_first)"),
        Index::unique("orders_pkey", "orders (o_w_id, o_d_id, o_id)"),
        Index::unique("orders_customer_idx", "orders (o_w_id, o_d_id, o_c_id, o_id)"),
        Index::unique("new_order_pkey", "new_order (no_w_id, no_d_id, no_o_id)"),
        Index::unique("item_pkey", "item (i_id)"),
        Index::unique("district_pkey", "district (d_w_id, d_id)"),
        Index::unique("warehouse_pkey", "warehouse (w_id)"),
    ],
    constraints: &["ALTER TABLE stormdb_tpcc.district ADD CONSTRAINT district_warehouse_fkey \
         FOREIGN KEY (d_w_id) REFERENCES stormdb_tpcc.warehouse"],
};

/// Rows that are committed together, where a unit is a row.
const CHUNK_ROWS: i32 = 10_000;
/// Rows that are in memory together.
const BATCH_ROWS: i32 = 100;

/// A district's or warehouse's number where the column is `smallint`; there are ten districts.
fn small(number: i32) -> i16 {
    i16::try_from(number).unwrap_or(i16::MAX)
}
