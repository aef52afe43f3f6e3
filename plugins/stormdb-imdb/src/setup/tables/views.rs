//! `movies_viewed_logs`: two rows per movie.

use datagen_service::TextKind;
use dataset::{Span, Table};
use stormdb_plugin_api::{Result, copy::BinaryRows};

use super::{BATCH_UNITS, CHUNK_UNITS, DAY_SECONDS, LOADED_AT, SECOND, row_number};
use crate::catalogue::{Catalogue, DEVICES, Stream, VIEW_MINUTES, ViewDocument, imdb_id, json};

pub(super) const TABLE: Table<Catalogue> = Table {
    name: "movies_viewed_logs",
    create: "CREATE TABLE stormdb_imdb.movies_viewed_logs ( \
             view_id serial, ai_myid integer, imdb_id varchar(32), watched_time timestamptz, \
             watched_user_id integer, time_watched_sec integer, encoded_data varchar(500), \
             json_payload jsonb, \
             json_imdb_id text GENERATED ALWAYS AS (json_payload ->> 'imdb_id') STORED)",
    columns: "view_id, ai_myid, imdb_id, watched_time, watched_user_id, time_watched_sec, \
              encoded_data, json_payload",
    serial: Some("view_id"),
    rounds: 2,
    units: Catalogue::movies,
    chunk: CHUNK_UNITS,
    batch: BATCH_UNITS,
    rows: Table::row_per_unit,
    write,
};

fn write(catalogue: &Catalogue, span: Span, rows: &mut BinaryRows) -> Result<()> {
    let (first, last) =
        (row_number(span, span.first, catalogue), row_number(span, span.last, catalogue));
    let tokens = catalogue.texts(TextKind::Token, Stream::ViewToken, first, last)?;
    for (movie, token) in span.units().zip(tokens.iter()) {
        let row = row_number(span, movie, catalogue);
        let mut draws = catalogue.draws(Stream::View, row);
        let watched = LOADED_AT - i64::from(draws.between(1, 90 * DAY_SECONDS)) * SECOND;
        let user = draws.between(1, catalogue.users());
        let minutes = draws.between(*VIEW_MINUTES.start(), *VIEW_MINUTES.end());
        let device = draws.pick(&DEVICES).copied().unwrap_or_default();
        let imdb_id = imdb_id(movie);
        let payload = json(&ViewDocument { imdb_id: &imdb_id, device, minutes })?;
        rows.row(8)
            .i32(row)
            .i32(movie)
            .text(&imdb_id)
            .timestamp_micros(watched)
            .i32(user)
            .i32(minutes * 60)
            .text(token)
            .jsonb(&payload);
    }
    Ok(())
}
