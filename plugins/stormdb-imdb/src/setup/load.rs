//! Copying rows: binary COPY, one transaction per chunk.

use stormdb_plugin_api::{Host, Result, Session, SetupPart, copy::BinaryRows};

use crate::{
    SCHEMA,
    catalogue::Catalogue,
    setup::{
        chunks::{self, Chunk},
        state,
    },
};

/// Units whose texts are asked for in one call.
const BATCH_UNITS: i32 = 100;
/// What is sent at once.
const SEND_BYTES: usize = 64 * 1024;

/// Copies the chunks of this part that are not there yet.
pub(super) async fn run(
    catalogue: &Catalogue,
    part: SetupPart,
    host: &Host,
    db: &mut Session<'_>,
) -> Result<()> {
    let chunks = chunks::all(catalogue);
    let rows = |chunk: &Chunk| (chunk.table.rows)(catalogue, chunk.span);
    let total = chunks.iter().map(rows).sum();
    let loaded = state::loaded(db).await?;
    let (first, step) = (part.part as usize, (part.parts as usize).max(1));
    for chunk in chunks.iter().skip(first).step_by(step) {
        if !loaded.contains(&(chunk.table.name.to_owned(), chunk.number)) {
            db.begin().await?;
            let copied = copy(catalogue, chunk, db).await?;
            state::add(chunk.table.name, chunk.number, copied, db).await?;
            db.commit().await?;
        }
        host.progress(rows(chunk), total, "rows");
    }
    Ok(())
}

async fn copy(catalogue: &Catalogue, chunk: &Chunk, db: &mut Session<'_>) -> Result<u64> {
    let &Chunk { table, span, number: _ } = chunk;
    let (name, columns) = (table.name, table.columns);
    let sql = format!("COPY {SCHEMA}.{name} ({columns}) FROM STDIN (FORMAT binary)");
    let mut copy = db.copy_in(&sql).await?;
    let mut rows = BinaryRows::new();
    for batch in span.pieces(BATCH_UNITS) {
        (table.write)(catalogue, batch, &mut rows)?;
        if rows.len() >= SEND_BYTES {
            copy.write(rows.bytes()).await?;
            rows.clear();
        }
    }
    copy.write(rows.end()).await?;
    copy.finish().await
}
