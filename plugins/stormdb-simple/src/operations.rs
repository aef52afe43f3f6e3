//! The two operations: read a row, update a row.

use stormdb_plugin_api::{
    Call, Error, Host, Outcome, Result, Rng, Session, Statement, Worker, params,
};

use crate::rows::Ids;

/// What the operations execute.
#[derive(Clone, Copy)]
pub(crate) struct Statements {
    read: Statement,
    write: Statement,
}

impl Statements {
    pub(crate) fn register(host: &Host) -> Self {
        Self {
            read: host.statement("SELECT val FROM stormdb_simple.loadtest WHERE id = $1"),
            write: host.statement(
                "UPDATE stormdb_simple.loadtest SET val = $2, updated = now() WHERE id = $1",
            ),
        }
    }
}

/// A client that picks ids uniformly.
pub struct SimpleWorker {
    pub(crate) statements: Statements,
    pub(crate) ids: Ids,
}

impl Worker for SimpleWorker {
    async fn execute(
        &mut self,
        call: Call,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        let id = rng.i64(self.ids.first..=self.ids.last);
        match call.operation {
            0 => {
                let rows = db.query(self.statements.read, params![id]).await?;
                let _val: &str = rows.one()?.get(0)?;
                Ok(Outcome::read(1))
            }
            1 => {
                let val = format!("updated_{}", rng.u64(..));
                let updated = db.execute(self.statements.write, params![id, &val]).await?;
                if updated != 1 {
                    return Err(Error::workload(format!(
                        "the update of loadtest id {id} touched {updated} rows, one was expected"
                    )));
                }
                Ok(Outcome::written(1))
            }
            unknown => Err(Error::protocol(format!("there is no operation {unknown}"))),
        }
    }
}
