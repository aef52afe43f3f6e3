//! What the workloads of both shops share: users, products, orders and what comes with them as
//! functions of seed and scale ([`Catalogue`]), the tables that hold them, and the operations on
//! these.
//!
//! A shop is a [`Store`]: a schema, what its data is like ([`Profile`]), and perhaps more tables,
//! columns and operations of its own. SQL here writes the schema as `shop.`.

mod catalogue;
pub mod checks;
pub mod documents;
mod indexes;
mod new_review;
pub mod order_entry;
mod profile;
pub mod reads;
mod report;
mod store;
pub mod tables;
#[cfg(feature = "testing")]
pub mod testing;
pub mod writes;

#[doc(hidden)]
pub use dataset::{Index, Operation, found};
#[doc(hidden)]
pub use stormdb_plugin_api as api;

pub use crate::{
    catalogue::{
        BRANDS, CATEGORIES, Catalogue, Item, Order, Product, Review, Stream, User, item_count,
    },
    new_review::NewReview,
    profile::{Charges, Prices, Profile},
    store::Store,
    tables::FOREIGN_KEYS,
};

/// The time at which the generated data ends: 2025-01-01 00:00 UTC, in microseconds since 1970.
pub const LOADED_AT: i64 = 1_735_689_600_000_000;

/// Microseconds.
pub const SECOND: i64 = 1_000_000;

/// Microseconds.
pub const HOUR: i64 = 3600 * SECOND;

/// Microseconds.
pub const DAY: i64 = 24 * HOUR;
