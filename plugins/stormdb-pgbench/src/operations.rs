//! The transactions, statement for statement as in `pgbench -M prepared`.

use std::{future::Future, pin::Pin};

use stormdb_plugin_api::{
    Call, Error, Host, Outcome, Param, Result, Rng, Session, Statement, Worker, params,
};

use crate::tables::{ACCOUNTS_PER_BRANCH, TELLERS_PER_BRANCH, Tables};

/// Changes of a balance lie between this and its negative.
const DELTA: i32 = 5000;
/// Selects of one pipeline.
const SELECTS: usize = 10;

/// What the transactions execute. BEGIN and END are prepared too, as pgbench does.
#[derive(Clone, Copy)]
pub(crate) struct Statements {
    begin: Statement,
    update_account: Statement,
    select_balance: Statement,
    update_teller: Statement,
    update_branch: Statement,
    insert_history: Statement,
    end: Statement,
}

impl Statements {
    pub(crate) fn register(host: &Host, tables: &Tables) -> Self {
        let Tables { branches, tellers, accounts, history, .. } = tables;
        Self {
            begin: host.statement("BEGIN"),
            update_account: host.statement(&format!(
                "UPDATE {accounts} SET abalance = abalance + $1 WHERE aid = $2"
            )),
            select_balance: host
                .statement(&format!("SELECT abalance FROM {accounts} WHERE aid = $1")),
            update_teller: host.statement(&format!(
                "UPDATE {tellers} SET tbalance = tbalance + $1 WHERE tid = $2"
            )),
            update_branch: host.statement(&format!(
                "UPDATE {branches} SET bbalance = bbalance + $1 WHERE bid = $2"
            )),
            insert_history: host.statement(&format!(
                "INSERT INTO {history} (tid, bid, aid, delta, mtime) \
                 VALUES ($1, $2, $3, $4, CURRENT_TIMESTAMP)"
            )),
            end: host.statement("END"),
        }
    }
}

/// A client that picks accounts, tellers and branches uniformly.
pub struct PgbenchWorker {
    statements: Statements,
    accounts: i64,
    tellers: i64,
    branches: i64,
}

impl PgbenchWorker {
    pub(crate) fn new(statements: Statements, branches: i64) -> Self {
        Self {
            statements,
            accounts: branches * ACCOUNTS_PER_BRANCH,
            tellers: branches * TELLERS_PER_BRANCH,
            branches,
        }
    }
}

impl Worker for PgbenchWorker {
    async fn execute(
        &mut self,
        call: Call,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        match call.operation {
            0 => {
                let transfer = self.transfer(rng);
                apart(transfer.one_by_one(&self.statements, db)).await
            }
            1 => {
                let account = rng.i64(1..=self.accounts);
                let rows = db.query(self.statements.select_balance, params![account]).await?;
                let _balance: i32 = rows.one()?.get(0)?;
                Ok(Outcome::read(1))
            }
            2 => {
                let transfer = self.transfer(rng);
                apart(transfer.pipelined(&self.statements, db)).await
            }
            3 => apart(self.selects(db, rng)).await,
            unknown => Err(Error::protocol(format!("there is no operation {unknown}"))),
        }
    }
}

/// Keeps the future of a long operation out of the one that every operation is: that is copied to the
/// heap for each select.
fn apart<F: Future>(long: F) -> Pin<Box<F>> {
    Box::pin(long)
}

impl PgbenchWorker {
    /// The variables of the script, drawn in its order.
    fn transfer(&self, rng: &mut Rng) -> Transfer {
        Transfer {
            account: rng.i64(1..=self.accounts),
            branch: rng.i64(1..=self.branches),
            teller: rng.i64(1..=self.tellers),
            delta: rng.i32(-DELTA..=DELTA),
        }
    }

    /// Every select of the pipeline reads an account of its own.
    async fn selects(&self, db: &mut Session<'_>, rng: &mut Rng) -> Result<Outcome> {
        let accounts: [Param<'_>; SELECTS] =
            std::array::from_fn(|_| Param::from(rng.i64(1..=self.accounts)));
        let steps = accounts
            .each_ref()
            .map(|account| self.statements.select_balance.with(std::slice::from_ref(account)));
        let results = db.pipeline(&steps).await?;
        for index in 0..SELECTS {
            let _balance: i32 = results.rows(index)?.one()?.get(0)?;
        }
        Ok(Outcome::read(SELECTS as u64))
    }
}

/// One TPC-B-like transaction.
struct Transfer {
    account: i64,
    branch: i64,
    teller: i64,
    delta: i32,
}

/// One row is read, four are written.
const TRANSFERRED: Outcome = Outcome { rows_read: 1, rows_written: 4, virtual_ns: 0, reserved: 0 };

impl Transfer {
    async fn one_by_one(&self, statements: &Statements, db: &mut Session<'_>) -> Result<Outcome> {
        let &Self { account, branch, teller, delta } = self;
        db.query(statements.begin, &[]).await?;
        one(db.execute(statements.update_account, params![delta, account]).await?)?;
        let _balance: i32 =
            db.query(statements.select_balance, params![account]).await?.one()?.get(0)?;
        one(db.execute(statements.update_teller, params![delta, teller]).await?)?;
        one(db.execute(statements.update_branch, params![delta, branch]).await?)?;
        let history = params![teller, branch, account, delta];
        one(db.execute(statements.insert_history, history).await?)?;
        db.query(statements.end, &[]).await?;
        Ok(TRANSFERRED)
    }

    async fn pipelined(&self, statements: &Statements, db: &mut Session<'_>) -> Result<Outcome> {
        let &Self { account, branch, teller, delta } = self;
        // The parameters live as long as the statement that sends them.
        let results = db
            .pipeline(&[
                statements.begin.with(&[]),
                statements.update_account.with(params![delta, account]),
                statements.select_balance.with(params![account]),
                statements.update_teller.with(params![delta, teller]),
                statements.update_branch.with(params![delta, branch]),
                statements.insert_history.with(params![teller, branch, account, delta]),
                statements.end.with(&[]),
            ])
            .await?;
        for written in [1, 3, 4, 5] {
            one(results.rows(written)?.affected())?;
        }
        let _balance: i32 = results.rows(2)?.one()?.get(0)?;
        Ok(TRANSFERRED)
    }
}

fn one(affected: u64) -> Result<()> {
    if affected == 1 {
        return Ok(());
    }
    Err(Error::workload(format!(
        "a statement of the transaction wrote {affected} rows, one was expected"
    )))
}
