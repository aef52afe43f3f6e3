//! `product_analytics`: what users did with products; every product has an event.

use dataset::Span;
use stormdb_plugin_api::copy::BinaryRows;

use crate::{Catalogue, DAY, LOADED_AT, Stream, catalogue::before};

const COLUMNS: i16 = 5;

/// `CREATE TABLE` with more columns.
#[macro_export]
macro_rules! create_product_analytics {
    ($more:literal) => {
        concat!(
            "CREATE TABLE product_analytics ( \
             analytics_id serial, product_id integer, user_id integer, event_type varchar(50), \
             created_at timestamptz DEFAULT now()",
            $more,
            ")"
        )
    };
}

/// The columns that [`rows`] writes, and more.
#[macro_export]
macro_rules! product_analytics_columns {
    ($more:literal) => {
        concat!("analytics_id, product_id, user_id, event_type, created_at", $more)
    };
}

/// Appends the rows of a span; `more` writes so many more fields of each.
pub fn rows(
    catalogue: &Catalogue,
    span: Span,
    rows: &mut BinaryRows,
    (fields, more): (i16, impl Fn(i32, &str, &mut BinaryRows)),
) {
    let profile = catalogue.profile();
    for unit in span.units() {
        let event = span.round * catalogue.users() + unit;
        let mut draws = catalogue.draws(Stream::Event, event);
        let product = catalogue.event_product(event, &mut draws);
        let user = catalogue.drawn_user(&mut draws);
        let what = draws.pick(profile.event_types).copied().unwrap_or_default();
        let drawn = before(&mut draws, profile.event_days);
        // The first of every product is of the last month.
        let at =
            if event <= catalogue.products() { drawn.max(LOADED_AT - 29 * DAY) } else { drawn };
        rows.row(COLUMNS + fields)
            .i32(event)
            .i32(product)
            .i32(user)
            .text(what)
            .timestamp_micros(at);
        more(event, what, rows);
    }
}
