//! Receives the rest of an ordered item or a part of it, one that nobody else is receiving.

use dataset::Operation;
use shop::Store;
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::{market::Market, pick::one_from};

const SQL: &str = "UPDATE stormdb_ecommerce.purchase_order_items \
     SET quantity_received = least(quantity_received + $2, quantity_ordered) \
     WHERE po_item_id = ( \
         SELECT po_item_id FROM stormdb_ecommerce.purchase_order_items \
         WHERE quantity_received < quantity_ordered AND product_id >= $1 \
         ORDER BY product_id LIMIT 1 FOR UPDATE SKIP LOCKED)";

#[derive(Clone, Copy)]
pub(crate) struct ReceivePurchaseItem(Statement);

impl Operation<Market> for ReceivePurchaseItem {
    const NAME: &'static str = "receive-purchase-item";
    const CLASS: Class = Class::Write;
    const ABOUT: &'static str =
        "Receives the rest of an ordered item or a part of it, one that nobody else is receiving";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(
        &self,
        store: &Market,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        let from = rng.i32(1..=store.catalogue().products());
        one_from(db, self.0, from, params![rng.i32(20..=200)]).await
    }
}
