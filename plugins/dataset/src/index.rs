//! The indexes, built after the load.

use stormdb_plugin_api::{Host, Result, Session, SetupPart};

use crate::Dataset;

/// One index. A unique one named `TABLE_pkey` becomes the primary key at the end of the set-up.
pub struct Index {
    name: &'static str,
    unique: bool,
    on: &'static str,
}

impl Index {
    /// An index named `name` on `on`: table and columns, with access method or condition as SQL has
    /// them, such as `movies USING gin (document)`.
    #[must_use]
    pub const fn new(name: &'static str, on: &'static str) -> Self {
        Self { name, unique: false, on }
    }

    /// A unique index.
    #[must_use]
    pub const fn unique(name: &'static str, on: &'static str) -> Self {
        Self { name, unique: true, on }
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn is_unique(&self) -> bool {
        self.unique
    }

    /// What is indexed, where it is an index of this table.
    pub(crate) fn on_table(&self, table: &str) -> Option<&'static str> {
        self.on.strip_prefix(table)?.strip_prefix(' ')
    }
}

impl<C> Dataset<C> {
    /// Builds the indexes of this part that are not there yet.
    pub(crate) async fn build_indexes(
        &self,
        part: SetupPart,
        host: &Host,
        db: &mut Session<'_>,
    ) -> Result<()> {
        let schema = self.schema;
        let (first, step) = (part.part as usize, (part.parts as usize).max(1));
        let total = self.indexes.len() as u64;
        for Index { name, unique, on } in self.indexes.iter().skip(first).step_by(step) {
            let unique = if *unique { "UNIQUE " } else { "" };
            db.script(&format!("CREATE {unique}INDEX IF NOT EXISTS {name} ON {schema}.{on}"))
                .await?;
            host.progress(1, total, "indexes");
        }
        Ok(())
    }
}
