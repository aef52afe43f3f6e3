//! `inventory`: most of it is reordered automatically.

use dataset::Table;
use shop::{
    Store, Stream,
    tables::{
        BATCH_UNITS, CHUNK_UNITS,
        inventory::{self, Stock},
    },
};
use stormdb_plugin_api::copy::BinaryRows;

use crate::market::Market;

pub(super) const TABLE: Table<Market> = Table {
    name: "inventory",
    create: shop::create_inventory!(
        ", max_stock_level integer DEFAULT 100, auto_reorder boolean DEFAULT true"
    ),
    columns: shop::inventory_columns!(", max_stock_level, auto_reorder"),
    serial: Some("inventory_id"),
    rounds: 1,
    units: |market| market.catalogue().products(),
    chunk: CHUNK_UNITS,
    batch: BATCH_UNITS,
    rows: Table::row_per_unit,
    write: |market, span, rows| {
        let stock = |product| stock(market, product);
        let more = |product, stock: &Stock, rows: &mut BinaryRows| {
            let mut draws = market.catalogue().draws(Stream::Reorder, product);
            let automatic = draws.below(5) > 0 && !is_discontinued(market, product);
            rows.i32(stock.reorder_level * draws.between(3, 7)).bool(automatic);
        };
        inventory::rows(market.catalogue(), span, rows, stock, (2, more));
        Ok(())
    },
};

/// Of the discontinued product there is none, so that a query for low stock finds a row.
fn stock(market: &Market, product: i32) -> Stock {
    let mut draws = market.catalogue().draws(Stream::Stock, product);
    let gone = is_discontinued(market, product);
    let available = if gone { 0 } else { draws.between(10, 209) };
    Stock {
        available,
        reserved: draws.between(0, available / 4),
        reorder_level: draws.between(5, 34),
        supplier: market.vendor_of(product),
    }
}

fn is_discontinued(market: &Market, product: i32) -> bool {
    product == market.catalogue().products()
}
