//! Ships an order that waits for it, one that nobody else is shipping.

use dataset::Operation;
use shop::Store;
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class};

use crate::{market::Market, pick::one_from};

const SQL: &str = "UPDATE stormdb_ecommerce.orders SET status = 'shipped', shipped_at = now(), \
         updated_at = now() \
     WHERE order_id = ( \
         SELECT order_id FROM stormdb_ecommerce.orders WHERE status = 'pending' AND order_id >= $1 \
         ORDER BY order_id LIMIT 1 FOR UPDATE SKIP LOCKED)";

#[derive(Clone, Copy)]
pub(crate) struct ShipOrder(Statement);

impl Operation<Market> for ShipOrder {
    const NAME: &'static str = "ship-order";
    const CLASS: Class = Class::Write;
    const ABOUT: &'static str =
        "Ships an order that waits for it, one that nobody else is shipping";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(
        &self,
        store: &Market,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        let from = store.catalogue().any_order(rng);
        one_from(db, self.0, from, &[]).await
    }
}
