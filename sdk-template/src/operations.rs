//! What a client does: looks an item up, or sells some of it.

use stormdb_plugin_api::{
    Call, Error, Host, Outcome, Result, Rng, Session, Statement, Worker, params,
};

pub(crate) const LOOK_UP: &str = "\
    SELECT name, sold FROM {{crate_name}}.item WHERE id = $1";
const TAKE: &str = "\
    UPDATE {{crate_name}}.item SET sold = sold + $2 WHERE id = $1";
const NOTE: &str = "\
    INSERT INTO {{crate_name}}.sale (item, quantity) VALUES ($1, $2)";

/// What the operations execute; each is prepared once per connection.
#[derive(Clone, Copy)]
pub(crate) struct Statements {
    look_up: Statement,
    take: Statement,
    note: Statement,
}

impl Statements {
    pub(crate) fn register(host: &Host) -> Self {
        Self {
            look_up: host.statement(LOOK_UP),
            take: host.statement(TAKE),
            note: host.statement(NOTE),
        }
    }
}

/// A client; it picks items uniformly.
pub struct Client {
    pub(crate) statements: Statements,
    /// Ids from 1 to this are used.
    pub(crate) hot: i64,
    pub(crate) quantity: i32,
}

impl Worker for Client {
    /// The host chooses the operation: its index is that in `describe`.
    async fn execute(
        &mut self,
        call: Call,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        let item = rng.i64(1..=self.hot);
        match call.operation {
            0 => {
                let row = db
                    .query(self.statements.look_up, params![item])
                    .await?
                    .one()?;
                let (_name, _sold): (&str, i64) = (row.get(0)?, row.get(1)?);
                Ok(Outcome::read(1))
            }
            1 => {
                let quantity = rng.i32(1..=self.quantity);
                self.sell(item, quantity, db).await
            }
            unknown => Err(Error::protocol(format!("there is no operation {unknown}"))),
        }
    }
}

impl Client {
    async fn sell(&self, item: i64, quantity: i32, db: &mut Session<'_>) -> Result<Outcome> {
        let Statements { take, note, .. } = self.statements;
        db.begin().await?;
        let (taken, noted) = (params![item, i64::from(quantity)], params![item, quantity]);
        let results = db.pipeline(&[take.with(taken), note.with(noted)]).await?;
        let touched = results.rows(0)?.affected();
        if touched != 1 {
            // The host rolls back what an operation leaves open.
            return Err(Error::workload(format!(
                "the sale of item {item} touched {touched} rows, one was expected"
            )));
        }
        db.commit().await?;
        Ok(Outcome::written(2))
    }
}
