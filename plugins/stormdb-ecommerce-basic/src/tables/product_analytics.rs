//! `product_analytics`: six events per user.

use dataset::Table;
use shop::{
    Store,
    tables::{BATCH_UNITS, CHUNK_UNITS, events},
};

use crate::basic::Basic;

pub(super) const TABLE: Table<Basic> = Table {
    name: "product_analytics",
    create: shop::create_product_analytics!(""),
    columns: shop::product_analytics_columns!(""),
    serial: Some("analytics_id"),
    rounds: Basic::PROFILE.events,
    units: |basic| basic.catalogue().users(),
    chunk: CHUNK_UNITS,
    batch: BATCH_UNITS,
    rows: Table::row_per_unit,
    write: |basic, span, rows| {
        events::rows(basic.catalogue(), span, rows, (0, |_, _, _| {}));
        Ok(())
    },
};
