//! `movies_normalized_meta`: one row per movie.

use datagen_service::TextKind;
use dataset::{Span, Table};
use stormdb_plugin_api::{Result, copy::BinaryRows};

use super::{BATCH_UNITS, CHUNK_UNITS};
use crate::catalogue::{Catalogue, Movie, MovieDocument, Stream, imdb_id, json};

pub(super) const TABLE: Table<Catalogue> = Table {
    name: "movies_normalized_meta",
    create: "CREATE TABLE stormdb_imdb.movies_normalized_meta ( \
             ai_myid serial, imdb_id varchar(32), title varchar(255), imdb_rating numeric(5,2), \
             year integer, country varchar(100), overview text, json_column jsonb, \
             upvotes integer, downvotes integer)",
    columns: "ai_myid, imdb_id, title, imdb_rating, year, country, overview, json_column, upvotes, \
              downvotes",
    serial: Some("ai_myid"),
    rounds: 1,
    units: Catalogue::movies,
    chunk: CHUNK_UNITS,
    batch: BATCH_UNITS,
    rows: Table::row_per_unit,
    write,
};

fn write(catalogue: &Catalogue, span: Span, rows: &mut BinaryRows) -> Result<()> {
    let Span { first, last, .. } = span;
    let titles = catalogue.texts(TextKind::Title, Stream::Title, first, last)?;
    let overviews = catalogue.texts(TextKind::Paragraph, Stream::Overview, first, last)?;
    let directors = catalogue.texts(TextKind::Name, Stream::Director, first, last)?;
    let texts = titles.iter().zip(overviews.iter()).zip(directors.iter());
    for (movie, ((title, overview), director)) in span.units().zip(texts) {
        let Movie { year, rating, country, genre, runtime, budget, revenue, upvotes, downvotes } =
            catalogue.movie(movie);
        let document = MovieDocument { genre, director, budget, revenue, runtime };
        rows.row(10)
            .i32(movie)
            .text(&imdb_id(movie))
            .text(title)
            .numeric(rating.into(), 2)
            .i32(year)
            .text(country)
            .text(overview)
            .jsonb(&json(&document)?)
            .i32(upvotes)
            .i32(downvotes);
    }
    Ok(())
}
