//! The tables: those of both shops, and what the others are here.

mod inventory;
mod product_analytics;
mod products;
mod reviews;

use dataset::{Dataset, Index};
use shop::tables::{order_items, orders, sessions, users};

use crate::{
    SCHEMA,
    basic::{Basic, FORMAT},
};

pub(crate) const DATASET: Dataset<Basic> = Dataset {
    schema: SCHEMA,
    format: FORMAT,
    objects: &[],
    tables: &[
        &users::table(),
        &products::TABLE,
        &inventory::TABLE,
        &orders::table(),
        &order_items::table(),
        &reviews::TABLE,
        &sessions::table(),
        &product_analytics::TABLE,
    ],
    indexes: shop::indexes![Index::new(
        "products_text_idx",
        "products USING gin (to_tsvector('english', name || ' ' || coalesce(description, '')))",
    )],
    constraints: &[shop::FOREIGN_KEYS],
};
