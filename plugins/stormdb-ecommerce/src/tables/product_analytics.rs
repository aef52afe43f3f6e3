//! `product_analytics`: three events per user; searches say what was searched for.

use dataset::Table;
use shop::{
    Store, Stream,
    tables::{BATCH_UNITS, CHUNK_UNITS, events},
};
use stormdb_plugin_api::copy::BinaryRows;

use crate::market::{Market, SEARCH, SEARCHED};

pub(super) const TABLE: Table<Market> = Table {
    name: "product_analytics",
    create: shop::create_product_analytics!(", search_query varchar(255)"),
    columns: shop::product_analytics_columns!(", search_query"),
    serial: Some("analytics_id"),
    rounds: Market::PROFILE.events,
    units: |market| market.catalogue().users(),
    chunk: CHUNK_UNITS,
    batch: BATCH_UNITS,
    rows: Table::row_per_unit,
    write: |market, span, rows| {
        let more = |event, what: &str, rows: &mut BinaryRows| {
            let mut draws = market.catalogue().draws(Stream::Search, event);
            let query = draws.pick(&SEARCHED).filter(|_| what == SEARCH);
            match query {
                Some(query) => rows.text(query),
                None => rows.null(),
            };
        };
        events::rows(market.catalogue(), span, rows, (1, more));
        Ok(())
    },
};
