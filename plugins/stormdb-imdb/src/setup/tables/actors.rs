//! `movies_normalized_actors`: one row per actor, half as many as movies.

use datagen_service::TextKind;
use dataset::{Span, Table};
use stormdb_plugin_api::{Result, copy::BinaryRows};

use super::{BATCH_UNITS, CHUNK_UNITS};
use crate::catalogue::{Catalogue, Stream, actor_key};

pub(super) const TABLE: Table<Catalogue> = Table {
    name: "movies_normalized_actors",
    create: "CREATE TABLE stormdb_imdb.movies_normalized_actors ( \
             ai_actor_id serial, actor_id varchar(50), actor_name varchar(500))",
    columns: "ai_actor_id, actor_id, actor_name",
    serial: Some("ai_actor_id"),
    rounds: 1,
    units: Catalogue::actors,
    chunk: CHUNK_UNITS,
    batch: BATCH_UNITS,
    rows: Table::row_per_unit,
    write,
};

fn write(catalogue: &Catalogue, span: Span, rows: &mut BinaryRows) -> Result<()> {
    let names = catalogue.texts(TextKind::Name, Stream::ActorName, span.first, span.last)?;
    for (actor, name) in span.units().zip(names.iter()) {
        rows.row(3).i32(actor).text(&actor_key(actor)).text(name);
    }
    Ok(())
}
