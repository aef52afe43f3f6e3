//! How much of every category is sold out, low and well stocked.

use dataset::{Operation, found};
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class};

use crate::market::Market;

const SQL: &str = "SELECT p.category, count(*) AS products, \
         round(100.0 * count(*) FILTER (WHERE i.quantity_available = 0) / count(*), 2) AS sold_out, \
         round(100.0 * count(*) FILTER ( \
             WHERE i.quantity_available BETWEEN 1 AND i.reorder_level) / count(*), 2) AS low, \
         round(100.0 * count(*) FILTER ( \
             WHERE i.quantity_available > i.reorder_level) / count(*), 2) AS enough \
     FROM stormdb_ecommerce.inventory AS i JOIN stormdb_ecommerce.products AS p USING (product_id) \
     GROUP BY p.category ORDER BY p.category";

#[derive(Clone, Copy)]
pub(crate) struct StockStatus(Statement);

impl Operation<Market> for StockStatus {
    const NAME: &'static str = "stock-status";
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
