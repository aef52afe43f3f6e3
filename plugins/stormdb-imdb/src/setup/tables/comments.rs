//! `movies_normalized_user_comments`: three rows per movie.

use datagen_service::TextKind;
use dataset::{Span, Table};
use stormdb_plugin_api::{Result, copy::BinaryRows};

use super::{BATCH_UNITS, CHUNK_UNITS, DAY_SECONDS, LOADED_AT, SECOND, row_number};
use crate::catalogue::{COMMENTS_PER_MOVIE, Catalogue, Stream, imdb_id};

pub(super) const TABLE: Table<Catalogue> = Table {
    name: "movies_normalized_user_comments",
    create: "CREATE TABLE stormdb_imdb.movies_normalized_user_comments ( \
             comment_id serial, ai_myid integer, rating integer, comment text, \
             imdb_id varchar(20), comment_add_time timestamptz DEFAULT now(), \
             comment_update_time timestamptz DEFAULT now())",
    columns: "comment_id, ai_myid, rating, comment, imdb_id, comment_add_time, \
              comment_update_time",
    serial: Some("comment_id"),
    rounds: COMMENTS_PER_MOVIE,
    units: Catalogue::movies,
    chunk: CHUNK_UNITS,
    batch: BATCH_UNITS,
    rows: Table::row_per_unit,
    write,
};

fn write(catalogue: &Catalogue, span: Span, rows: &mut BinaryRows) -> Result<()> {
    let (first, last) =
        (row_number(span, span.first, catalogue), row_number(span, span.last, catalogue));
    let comments = catalogue.texts(TextKind::Sentence, Stream::CommentText, first, last)?;
    for (movie, comment) in span.units().zip(comments.iter()) {
        let row = row_number(span, movie, catalogue);
        let mut draws = catalogue.draws(Stream::Comment, row);
        let rating = draws.between(1, 10);
        let added = LOADED_AT - i64::from(draws.between(1, 365 * DAY_SECONDS)) * SECOND;
        rows.row(7)
            .i32(row)
            .i32(movie)
            .i32(rating)
            .text(comment)
            .text(&imdb_id(movie))
            .timestamp_micros(added)
            .timestamp_micros(added);
    }
    Ok(())
}
