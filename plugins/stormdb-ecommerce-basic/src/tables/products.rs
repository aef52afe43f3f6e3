//! `products`, as both shops have it.

use dataset::Table;
use shop::{
    Store,
    tables::{BATCH_UNITS, CHUNK_UNITS, products},
};

use crate::basic::Basic;

pub(super) const TABLE: Table<Basic> = Table {
    name: "products",
    create: shop::create_products!(""),
    columns: shop::product_columns!(""),
    serial: Some("product_id"),
    rounds: 1,
    units: |basic| basic.catalogue().products(),
    chunk: CHUNK_UNITS,
    batch: BATCH_UNITS,
    rows: Table::row_per_unit,
    write: |basic, span, rows| products::rows(basic.catalogue(), span, rows, (0, |_, _, _| {})),
};
