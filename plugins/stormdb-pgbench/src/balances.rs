//! The condition that TPC-B-like transactions keep: every table changes by the same sum.

use stormdb_plugin_api::{Result, Session, describe::Check};

use crate::tables::Tables;

/// Sums over the four tables, read in one snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Balances {
    branches: i64,
    tellers: i64,
    accounts: i64,
    history: i64,
}

impl Balances {
    pub(crate) async fn read(tables: &Tables, db: &mut Session<'_>) -> Result<Self> {
        let Tables { branches, tellers, accounts, history, .. } = tables;
        let sql = format!(
            "SELECT (SELECT coalesce(sum(bbalance), 0) FROM {branches}), \
                    (SELECT coalesce(sum(tbalance), 0) FROM {tellers}), \
                    (SELECT coalesce(sum(abalance), 0) FROM {accounts}), \
                    (SELECT coalesce(sum(delta), 0) FROM {history})"
        );
        let row = db.sql(&sql, &[]).await?.one()?;
        Ok(Self {
            branches: row.get(0)?,
            tellers: row.get(1)?,
            accounts: row.get(2)?,
            history: row.get(3)?,
        })
    }

    /// What changed; sums themselves need not agree where pgbench ran before, since it empties the
    /// history.
    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            branches: self.branches - before.branches,
            tellers: self.tellers - before.tellers,
            accounts: self.accounts - before.accounts,
            history: self.history - before.history,
        }
    }

    pub(crate) fn check(self) -> Check {
        let Self { branches, tellers, accounts, history } = self;
        Check {
            name: "balances-agree".to_owned(),
            passed: branches == tellers && branches == accounts && branches == history,
            finding: format!(
                "since the start of the run branches changed by {branches}, tellers by {tellers}, \
                 accounts by {accounts}, and the history says {history}"
            ),
        }
    }
}
