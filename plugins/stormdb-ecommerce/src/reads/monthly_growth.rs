//! Sales by month and how they grew.

use dataset::{Operation, found};
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class};

use crate::market::Market;

const SQL: &str = "WITH monthly AS ( \
         SELECT date_trunc('month', created_at) AS month, count(*) AS orders, \
             sum(total_amount) AS sales \
         FROM stormdb_ecommerce.orders WHERE status <> 'cancelled' GROUP BY month \
     ) \
     SELECT month, orders, sales, lag(sales) OVER months AS before, \
         round(100 * (sales - lag(sales) OVER months) / nullif(lag(sales) OVER months, 0), 2) \
             AS growth \
     FROM monthly WINDOW months AS (ORDER BY month) ORDER BY month DESC LIMIT 12";

#[derive(Clone, Copy)]
pub(crate) struct MonthlyGrowth(Statement);

impl Operation<Market> for MonthlyGrowth {
    const NAME: &'static str = "monthly-growth";
    const CLASS: Class = Class::Read;

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(
        &self,
        _store: &Market,
        db: &mut Session<'_>,
        _rng: &mut Rng,
    ) -> Result<Outcome> {
        found(&db.query(self.0, &[]).await?, 1)
    }
}
