//! What the stock is worth by category and brand, with shares and ranks.

use dataset::{Operation, found};
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class};

use crate::basic::Basic;

const SQL: &str = "WITH worth AS ( \
         SELECT p.category, p.brand, count(*) AS products, \
             sum(i.quantity_available * i.unit_cost) AS value \
         FROM stormdb_ecommerce_basic.inventory AS i JOIN stormdb_ecommerce_basic.products AS p USING (product_id) \
         GROUP BY p.category, p.brand \
     ) \
     SELECT category, brand, products, value, \
         round(100 * value / nullif(sum(value) OVER (), 0), 2) AS share, \
         rank() OVER (ORDER BY value DESC) AS place \
     FROM worth ORDER BY value DESC LIMIT 30";

#[derive(Clone, Copy)]
pub(crate) struct InventoryValue(Statement);

impl Operation<Basic> for InventoryValue {
    const NAME: &'static str = "inventory-value";
    const CLASS: Class = Class::Read;

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(
        &self,
        _store: &Basic,
        db: &mut Session<'_>,
        _rng: &mut Rng,
    ) -> Result<Outcome> {
        found(&db.query(self.0, &[]).await?, 1)
    }
}
