//! Copying rows: binary COPY, one transaction per chunk.

use stormdb_plugin_api::{Host, Result, Session, SetupPart, copy::BinaryRows};

use crate::{Catalogue, Dataset, chunks::Chunk};

/// What is sent at once.
const SEND_BYTES: usize = 64 * 1024;

impl<C: Catalogue> Dataset<C> {
    /// Copies the chunks of this part that are not there yet.
    pub(crate) async fn load(
        &self,
        catalogue: &C,
        part: SetupPart,
        host: &Host,
        db: &mut Session<'_>,
    ) -> Result<()> {
        let chunks = self.chunks(catalogue);
        let total = chunks.iter().map(|chunk| chunk.rows(catalogue)).sum();
        let loaded = self.committed(db).await?;
        let (first, step) = (part.part as usize, (part.parts as usize).max(1));
        for chunk in chunks.iter().skip(first).step_by(step) {
            if !loaded.contains(&(chunk.table.name.to_owned(), chunk.number)) {
                db.begin().await?;
                let copied = self.copy(catalogue, chunk, db).await?;
                self.commit_chunk(chunk.table.name, chunk.number, copied, db).await?;
                db.commit().await?;
            }
            host.progress(chunk.rows(catalogue), total, "rows");
        }
        Ok(())
    }

    async fn copy(&self, catalogue: &C, chunk: &Chunk<C>, db: &mut Session<'_>) -> Result<u64> {
        let (schema, table) = (self.schema, chunk.table);
        let (name, columns) = (table.name, table.columns);
        let sql = format!("COPY {schema}.{name} ({columns}) FROM STDIN (FORMAT binary)");
        let mut copy = db.copy_in(&sql).await?;
        let mut rows = BinaryRows::new();
        for batch in chunk.span.pieces(table.batch) {
            (table.write)(catalogue, batch, &mut rows)?;
            if rows.len() >= SEND_BYTES {
                copy.write(rows.bytes()).await?;
                rows.clear();
            }
        }
        copy.write(rows.end()).await?;
        copy.finish().await
    }
}
