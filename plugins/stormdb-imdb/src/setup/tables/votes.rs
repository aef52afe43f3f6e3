//! `voting_count_history`: two rows per movie, a day apart.

use datagen_service::TextKind;
use dataset::{Span, Table};
use stormdb_plugin_api::{Result, copy::BinaryRows};

use super::{BATCH_UNITS, CHUNK_UNITS, DAY_SECONDS, LOADED_AT, SECOND, row_number};
use crate::catalogue::{Catalogue, Stream, imdb_id};

pub(super) const TABLE: Table<Catalogue> = Table {
    name: "voting_count_history",
    create: "CREATE TABLE stormdb_imdb.voting_count_history ( \
             ai_myid integer NOT NULL, store_time timestamptz NOT NULL, \
             title varchar(255) NOT NULL, imdb_id varchar(20), comment_count bigint, \
             max_rate integer, avg_rate numeric(14,4), upvotes numeric(32,0), \
             downvotes numeric(32,0))",
    columns: "ai_myid, store_time, title, imdb_id, comment_count, max_rate, avg_rate, upvotes, \
              downvotes",
    serial: None,
    rounds: 2,
    units: Catalogue::movies,
    chunk: CHUNK_UNITS,
    batch: BATCH_UNITS,
    rows: Table::row_per_unit,
    write,
};

fn write(catalogue: &Catalogue, span: Span, rows: &mut BinaryRows) -> Result<()> {
    let titles = catalogue.texts(TextKind::Title, Stream::Title, span.first, span.last)?;
    for (movie, title) in span.units().zip(titles.iter()) {
        let mut draws = catalogue.draws(Stream::Vote, row_number(span, movie, catalogue));
        let day = i64::from(DAY_SECONDS) * SECOND;
        let best = draws.between(1, 10);
        rows.row(9)
            .i32(movie)
            .timestamp_micros(LOADED_AT - day * i64::from(span.round + 1))
            .text(title)
            .text(&imdb_id(movie))
            .i64(draws.between(0, 100).into())
            .i32(best)
            .numeric(draws.between(10_000, best * 10_000).into(), 4)
            .numeric(draws.between(0, 9999).into(), 0)
            .numeric(draws.between(0, 999).into(), 0);
    }
    Ok(())
}
