//! `reviews`, as both shops have it.

use dataset::Table;
use shop::{
    Store,
    tables::{BATCH_UNITS, CHUNK_UNITS, reviews},
};

use crate::basic::Basic;

pub(super) const TABLE: Table<Basic> = Table {
    name: "reviews",
    create: shop::create_reviews!(""),
    columns: shop::review_columns!(""),
    serial: Some("review_id"),
    rounds: 1,
    units: |basic| basic.catalogue().reviews(),
    chunk: CHUNK_UNITS,
    batch: BATCH_UNITS,
    rows: Table::row_per_unit,
    write: |basic, span, rows| reviews::rows(basic.catalogue(), span, rows, (0, |_, _, _| {})),
};
