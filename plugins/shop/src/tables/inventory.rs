//! `inventory`: the stock of each product.

use dataset::Span;
use stormdb_plugin_api::copy::BinaryRows;

use crate::{Catalogue, Stream, catalogue::before};

const COLUMNS: i16 = 10;
const WAREHOUSES: [&str; 5] = ["Central", "East", "North", "South", "West"];

/// `CREATE TABLE` with more columns.
#[macro_export]
macro_rules! create_inventory {
    ($more:literal) => {
        concat!(
            "CREATE TABLE inventory ( \
             inventory_id serial, product_id integer, warehouse_location varchar(100), \
             quantity_available integer NOT NULL CHECK (quantity_available >= 0), \
             quantity_reserved integer DEFAULT 0, reorder_level integer DEFAULT 10, \
             last_restocked timestamptz, supplier_id integer, unit_cost decimal(10,2), \
             updated_at timestamptz DEFAULT now()",
            $more,
            ")"
        )
    };
}

/// The columns that [`rows`] writes, and more.
#[macro_export]
macro_rules! inventory_columns {
    ($more:literal) => {
        concat!(
            "inventory_id, product_id, warehouse_location, quantity_available, \
             quantity_reserved, reorder_level, last_restocked, supplier_id, unit_cost, updated_at",
            $more
        )
    };
}

/// How much there is of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stock {
    pub available: i32,
    pub reserved: i32,
    pub reorder_level: i32,
    pub supplier: i32,
}

/// Appends the rows of a span: `stock` says how much there is of a product, `more` writes so many
/// more fields of it.
pub fn rows(
    catalogue: &Catalogue,
    span: Span,
    rows: &mut BinaryRows,
    stock: impl Fn(i32) -> Stock,
    (fields, more): (i16, impl Fn(i32, &Stock, &mut BinaryRows)),
) {
    for product in span.units() {
        let mut draws = catalogue.draws(Stream::Inventory, product);
        let stock = stock(product);
        let warehouse = draws.pick(&WAREHOUSES).copied().unwrap_or_default();
        rows.row(COLUMNS + fields)
            .i32(product)
            .i32(product)
            .text(warehouse)
            .i32(stock.available)
            .i32(stock.reserved)
            .i32(stock.reorder_level);
        let restocked = before(&mut draws, 30);
        match draws.below(10) {
            0..7 => rows.timestamp_micros(restocked),
            _ => rows.null(),
        };
        rows.i32(stock.supplier)
            .numeric(catalogue.product(product).prices.cost, 2)
            .timestamp_micros(restocked);
        more(product, &stock, rows);
    }
}
