//! Delivery (clause 2.7): a batch of ten, the oldest order of every district that waits for one.

use dataset::Operation;
use stormdb_plugin_api::{
    Host, Outcome, Param, Result, Rng, Session, Statement, Step, describe::Class, params,
};

use super::one_each;
use crate::{business::DISTRICTS, terminal::Terminal};

/// Times that a district is looked at whose oldest order another delivery took meanwhile.
const LOOKS: usize = 3;

#[derive(Clone, Copy)]
pub(crate) struct Delivery {
    begin: Statement,
    oldest: Statement,
    order: Statement,
    lines: Statement,
    customer: Statement,
    commit: Statement,
}

impl Operation<Terminal> for Delivery {
    const NAME: &'static str = "delivery";
    const CLASS: Class = Class::Write;
    const ABOUT: &'static str = "Delivery (clause 2.7): a batch of ten, the oldest order of every district that waits for one";

    fn register(host: &Host) -> Self {
        Self {
            begin: host.statement("BEGIN"),
            // It waits for another delivery of the same order: to skip what is locked would deliver
            // a later order before an earlier one.
            oldest: host.statement(
                "DELETE FROM stormdb_tpcc.new_order WHERE no_w_id = $1 AND no_d_id = $2 \
                     AND no_o_id = ( \
                         SELECT no_o_id FROM stormdb_tpcc.new_order \
                         WHERE no_w_id = $1 AND no_d_id = $2 \
                         ORDER BY no_o_id LIMIT 1 FOR UPDATE) \
                 RETURNING no_o_id",
            ),
            order: host.statement(
                "UPDATE stormdb_tpcc.orders SET o_carrier_id = $4 \
                 WHERE o_w_id = $1 AND o_d_id = $2 AND o_id = $3 RETURNING o_c_id",
            ),
            lines: host.statement(
                "UPDATE stormdb_tpcc.order_line SET ol_delivery_d = now() \
                 WHERE ol_w_id = $1 AND ol_d_id = $2 AND ol_o_id = $3",
            ),
            customer: host.statement(
                "UPDATE stormdb_tpcc.customer SET c_delivery_cnt = c_delivery_cnt + 1, \
                     c_balance = c_balance + ( \
                         SELECT sum(ol_amount) FROM stormdb_tpcc.order_line \
                         WHERE ol_w_id = $1 AND ol_d_id = $2 AND ol_o_id = $4) \
                 WHERE c_w_id = $1 AND c_d_id = $2 AND c_id = $3",
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
        let carrier = rng.i32(1..=10);
        let delivered = self.take(terminal.home, db).await?;
        let rows_written = self.deliver(terminal.home, carrier, &delivered, db).await?;
        Ok(Outcome { rows_read: 0, rows_written, ..Outcome::default() })
    }
}

/// An order that is being delivered.
struct Taken {
    district: i32,
    order: i32,
}

impl Delivery {
    /// Takes the oldest order of every district that has one; a district without is skipped.
    async fn take(&self, home: i32, db: &mut Session<'_>) -> Result<Vec<Taken>> {
        let mut taken = Vec::with_capacity(DISTRICTS.unsigned_abs() as usize);
        let mut districts: Vec<i32> = (1..=DISTRICTS).collect();
        db.query(self.begin, &[]).await?;
        for _ in 0..LOOKS {
            let places: Vec<[Param<'_>; 2]> =
                districts.iter().map(|&district| [home.into(), district.into()]).collect();
            let steps: Vec<Step<'_>> = places.iter().map(|place| self.oldest.with(place)).collect();
            let results = db.pipeline(&steps).await?;
            let mut without = Vec::new();
            for (index, &district) in districts.iter().enumerate() {
                match results.rows(index)?.first() {
                    Some(row) => taken.push(Taken { district, order: row.get(0)? }),
                    None => without.push(district),
                }
            }
            districts = without;
            if districts.is_empty() {
                break;
            }
        }
        // Customers are updated in the same direction by every delivery.
        taken.sort_unstable_by_key(|taken| taken.district);
        Ok(taken)
    }

    /// Marks the orders as delivered and charges their customers; the rows that were written.
    async fn deliver(
        &self,
        home: i32,
        carrier: i32,
        taken: &[Taken],
        db: &mut Session<'_>,
    ) -> Result<u64> {
        if taken.is_empty() {
            db.query(self.commit, &[]).await?;
            return Ok(0);
        }
        let orders: Vec<[Param<'_>; 4]> = taken
            .iter()
            .map(|&Taken { district, order }| {
                [home.into(), district.into(), order.into(), carrier.into()]
            })
            .collect();
        let mut steps: Vec<Step<'_>> = orders.iter().map(|order| self.order.with(order)).collect();
        steps.extend(orders.iter().map(|order| self.lines.with(&order[..3])));
        let mut customers = Vec::with_capacity(taken.len());
        let mut lines = 0;
        {
            let results = db.pipeline(&steps).await?;
            one_each(&results, 0, taken.len() - 1)?;
            for (index, &Taken { district, order }) in taken.iter().enumerate() {
                let customer: i32 = results.rows(index)?.one()?.get(0)?;
                lines += results.rows(taken.len() + index)?.affected();
                customers.push([home.into(), district.into(), Param::I32(customer), order.into()]);
            }
        }
        let mut steps: Vec<Step<'_>> =
            customers.iter().map(|customer| self.customer.with(customer)).collect();
        steps.push(self.commit.with(params![]));
        one_each(&db.pipeline(&steps).await?, 0, taken.len() - 1)?;
        // Per order: its entry among the new ones, itself, its customer.
        Ok(lines + 3 * taken.len() as u64)
    }
}
