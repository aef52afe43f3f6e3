//! `inventory`: ten to a thousand of each product.

use dataset::Table;
use shop::{
    Store, Stream,
    tables::{
        BATCH_UNITS, CHUNK_UNITS,
        inventory::{self, Stock},
    },
};

use crate::basic::Basic;

/// Suppliers have numbers only.
const SUPPLIERS: i32 = 50;

pub(super) const TABLE: Table<Basic> = Table {
    name: "inventory",
    create: shop::create_inventory!(""),
    columns: shop::inventory_columns!(""),
    serial: Some("inventory_id"),
    rounds: 1,
    units: |basic| basic.catalogue().products(),
    chunk: CHUNK_UNITS,
    batch: BATCH_UNITS,
    rows: Table::row_per_unit,
    write: |basic, span, rows| {
        let stock = |product| stock(basic, product);
        inventory::rows(basic.catalogue(), span, rows, stock, (0, |_, _, _| {}));
        Ok(())
    },
};

fn stock(basic: &Basic, product: i32) -> Stock {
    let mut draws = basic.catalogue().draws(Stream::Stock, product);
    let available = draws.between(10, 1009);
    Stock {
        available,
        reserved: draws.between(0, available / 10),
        reorder_level: draws.between(10, 59),
        supplier: draws.between(1, SUPPLIERS),
    }
}
