//! `products`, with their vendors and margins.

use dataset::Table;
use shop::{
    Store,
    tables::{BATCH_UNITS, CHUNK_UNITS, products},
};

use crate::market::Market;

pub(super) const TABLE: Table<Market> = Table {
    name: "products",
    create: shop::create_products!(", margin_percent decimal(5,2) DEFAULT 60, vendor_id integer"),
    columns: shop::product_columns!(", margin_percent, vendor_id"),
    serial: Some("product_id"),
    rounds: 1,
    units: |market| market.catalogue().products(),
    chunk: CHUNK_UNITS,
    batch: BATCH_UNITS,
    rows: Table::row_per_unit,
    write: |market, span, rows| {
        let more =
            |product, row: &shop::Product, rows: &mut stormdb_plugin_api::copy::BinaryRows| {
                let margin = row.prices.price * 10_000 / row.prices.cost - 10_000;
                rows.numeric(margin, 2).i32(market.vendor_of(product));
            };
        products::rows(market.catalogue(), span, rows, (2, more))
    },
};
