//! Products of which there is little, with their vendors.

use dataset::{Operation, found};
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class};

use crate::market::Market;

const SQL: &str = "SELECT p.product_id, p.name, i.quantity_available, i.reorder_level, v.vendor_name \
     FROM stormdb_ecommerce.inventory AS i \
     JOIN stormdb_ecommerce.products AS p USING (product_id) \
     JOIN stormdb_ecommerce.vendors AS v USING (vendor_id) \
     WHERE i.quantity_available <= 2 * i.reorder_level \
     ORDER BY i.quantity_available LIMIT 50";

#[derive(Clone, Copy)]
pub(crate) struct LowStock(Statement);

impl Operation<Market> for LowStock {
    const NAME: &'static str = "low-stock";
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
        // Of the discontinued product there is none.
        found(&db.query(self.0, &[]).await?, 1)
    }
}
