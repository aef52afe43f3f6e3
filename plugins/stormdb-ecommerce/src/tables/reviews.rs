//! `reviews`, with vectors of what they say. Their length is set after the table is made.

use dataset::Table;
use shop::{
    Review, Store,
    tables::{BATCH_UNITS, CHUNK_UNITS, reviews},
};
use stormdb_plugin_api::copy::BinaryRows;

use crate::{market::Market, vectors};

pub(super) const TABLE: Table<Market> = Table {
    name: "reviews",
    create: shop::create_reviews!(", content_vector vector"),
    columns: shop::review_columns!(", content_vector"),
    serial: Some("review_id"),
    rounds: 1,
    units: |market| market.catalogue().reviews(),
    chunk: CHUNK_UNITS,
    batch: BATCH_UNITS,
    rows: Table::row_per_unit,
    write: |market, span, rows| {
        let more = |number, review: &Review, rows: &mut BinaryRows| {
            rows.binary(&vectors::binary(&market.review_vector(number, review.product)));
        };
        reviews::rows(market.catalogue(), span, rows, (1, more))
    },
};
