//! A user's spending by month with the month before, the sum so far and a moving average.

use dataset::{Operation, found};
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::basic::Basic;

const SQL: &str = "WITH monthly AS ( \
         SELECT date_trunc('month', created_at) AS month, count(*) AS orders, \
             sum(total_amount) AS spent \
         FROM stormdb_ecommerce_basic.orders \
         WHERE user_id = $1 AND status IN ('completed', 'shipped', 'delivered') \
         GROUP BY month \
     ) \
     SELECT month, orders, spent, lag(spent) OVER months AS before, \
         sum(spent) OVER months AS so_far, \
         avg(spent) OVER (ORDER BY month ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS moving \
     FROM monthly WINDOW months AS (ORDER BY month) ORDER BY month";

#[derive(Clone, Copy)]
pub(crate) struct MonthlySpending(Statement);

impl Operation<Basic> for MonthlySpending {
    const NAME: &'static str = "monthly-spending";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str =
        "A user's spending by month with the month before, the sum so far and a moving average";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(&self, store: &Basic, db: &mut Session<'_>, rng: &mut Rng) -> Result<Outcome> {
        let user = store.paying_user(rng);
        found(&db.query(self.0, params![user]).await?, 1)
    }
}
