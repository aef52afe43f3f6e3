//! Stock-Level (clause 2.8): a heavy read-only transaction over the last twenty orders of a district.

use dataset::Operation;
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::terminal::Terminal;

#[derive(Clone, Copy)]
pub(crate) struct StockLevel {
    next_order: Statement,
    low: Statement,
}

impl Operation<Terminal> for StockLevel {
    const NAME: &'static str = "stock-level";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str = "Stock-Level (clause 2.8): a heavy read-only transaction over the last twenty orders of a district";

    fn register(host: &Host) -> Self {
        Self {
            next_order: host.statement(
                "SELECT d_next_o_id FROM stormdb_tpcc.district WHERE d_w_id = $1 AND d_id = $2",
            ),
            low: host.statement(
                "SELECT count(DISTINCT s_i_id), count(*) FROM stormdb_tpcc.order_line \
                 JOIN stormdb_tpcc.stock ON s_w_id = ol_w_id AND s_i_id = ol_i_id \
                 WHERE ol_w_id = $1 AND ol_d_id = $2 AND ol_o_id >= $3 - 20 AND ol_o_id < $3 \
                     AND s_quantity < $4",
            ),
        }
    }

    async fn execute(
        &self,
        terminal: &Terminal,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        let &Terminal { home, district, .. } = terminal;
        let threshold = rng.i32(10..=20);
        // Clause 2.8.2.3 allows each statement its own snapshot.
        let next: i32 = db.query(self.next_order, params![home, district]).await?.one()?.get(0)?;
        let rows = db.query(self.low, params![home, district, next, threshold]).await?;
        let _items: i64 = rows.one()?.get(0)?;
        Ok(Outcome::read(2))
    }
}
