//! Order-Status (clause 2.6): a mid-weight read-only transaction on a customer's last order.

use dataset::Operation;
use stormdb_plugin_api::{
    Error, Host, Outcome, Result, Rng, Session, Statement, describe::Class, params,
};

use super::customer::{BY_LAST_NAME, middle};
use crate::terminal::{Asked, Terminal, any_district};

#[derive(Clone, Copy)]
pub(crate) struct OrderStatus {
    begin: Statement,
    by_last_name: Statement,
    customer: Statement,
    last_order: Statement,
    lines: Statement,
    commit: Statement,
}

impl Operation<Terminal> for OrderStatus {
    const NAME: &'static str = "order-status";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str =
        "Order-Status (clause 2.6): a mid-weight read-only transaction on a customer's last order";

    fn register(host: &Host) -> Self {
        Self {
            begin: host.statement("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
            by_last_name: host.statement(BY_LAST_NAME),
            customer: host.statement(
                "SELECT c_balance, c_first, c_middle, c_last FROM stormdb_tpcc.customer \
                 WHERE c_w_id = $1 AND c_d_id = $2 AND c_id = $3",
            ),
            last_order: host.statement(
                "SELECT o_id, o_entry_d, o_carrier_id, o_ol_cnt FROM stormdb_tpcc.orders \
                 WHERE o_w_id = $1 AND o_d_id = $2 AND o_c_id = $3 ORDER BY o_id DESC LIMIT 1",
            ),
            lines: host.statement(
                "SELECT ol_i_id, ol_supply_w_id, ol_quantity, ol_amount, ol_delivery_d \
                 FROM stormdb_tpcc.order_line \
                 WHERE ol_w_id = $1 AND ol_d_id = $2 AND ol_o_id = $3",
            ),
            commit: host.statement("COMMIT"),
        }
    }

    async fn execute(
        &self,
        terminal: &Terminal,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        let home = terminal.home;
        let district = any_district(rng);
        let (customer, looked_at) = match terminal.ask_for_customer(rng) {
            Asked::Number(customer) => {
                db.query(self.begin, &[]).await?;
                (customer, 0)
            }
            Asked::LastName(name) => {
                let place = params![home, district, &name];
                let steps = [self.begin.with(&[]), self.by_last_name.with(place)];
                let results = db.pipeline(&steps).await?;
                let found = results.rows(1)?;
                (middle(&found, &name)?, found.len())
            }
        };
        let place = params![home, district, customer];
        let steps = [self.customer.with(place), self.last_order.with(place)];
        let (order, said): (i32, i32) = {
            let results = db.pipeline(&steps).await?;
            results.rows(0)?.one()?;
            let last = results.rows(1)?.one()?;
            (last.get(0)?, last.get(3)?)
        };
        let place = params![home, district, order];
        let steps = [self.lines.with(place), self.commit.with(&[])];
        let lines = db.pipeline(&steps).await?.rows(0)?.len();
        if lines != u64::from(said.unsigned_abs()) {
            return Err(Error::workload(format!("order {order} has {lines} lines, not {said}")));
        }
        Ok(Outcome::read(looked_at + 2 + lines))
    }
}
