//! `movies_normalized_cast`: two to five rows per movie.

use datagen_service::TextKind;
use dataset::{Span, Table};
use stormdb_plugin_api::{Result, copy::BinaryRows};

use super::{BATCH_UNITS, CHUNK_UNITS};
use crate::catalogue::{Catalogue, Stream, cast_size, first_cast_row};

pub(super) const TABLE: Table<Catalogue> = Table {
    name: "movies_normalized_cast",
    create: "CREATE TABLE stormdb_imdb.movies_normalized_cast ( \
             inc_id serial, ai_actor_id integer, ai_myid integer, actor_character varchar(500))",
    columns: "inc_id, ai_actor_id, ai_myid, actor_character",
    serial: Some("inc_id"),
    rounds: 1,
    units: Catalogue::movies,
    chunk: CHUNK_UNITS,
    batch: BATCH_UNITS,
    rows: |_catalogue, Span { first, last, .. }| {
        first_cast_row(last + 1).abs_diff(first_cast_row(first)).into()
    },
    write,
};

fn write(catalogue: &Catalogue, span: Span, rows: &mut BinaryRows) -> Result<()> {
    let first = first_cast_row(span.first);
    let last = first_cast_row(span.last + 1) - 1;
    let names = catalogue.texts(TextKind::Name, Stream::Character, first, last)?;
    let cast =
        span.units().flat_map(|movie| (0..cast_size(movie)).map(move |position| (movie, position)));
    for ((row, name), (movie, position)) in (first..).zip(names.iter()).zip(cast) {
        let actor = catalogue.cast_actor(movie, position);
        rows.row(4).i32(row).i32(actor).i32(movie);
        if position < catalogue.actors() {
            rows.text(name);
        } else {
            // An actor who is in the cast again plays someone else for sure.
            rows.text(&format!("{name} {}", position + 1));
        }
    }
    Ok(())
}
