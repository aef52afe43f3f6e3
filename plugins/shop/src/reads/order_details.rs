//! An order with its user, its items and their products: a join of four tables.

use dataset::{Operation, found};
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::{Store, item_count};

const SQL: &str = "SELECT o.order_id, o.order_number, o.status, o.total_amount, u.username, \
         u.email, \
         i.quantity, i.unit_price, i.total_price, p.sku, p.name \
     FROM shop.orders AS o \
     JOIN shop.users AS u USING (user_id) \
     JOIN shop.order_items AS i USING (order_id) \
     JOIN shop.products AS p USING (product_id) \
     WHERE o.order_id = $1";

#[derive(Clone, Copy)]
pub struct OrderDetails(Statement);

impl<S: Store> Operation<S> for OrderDetails {
    const NAME: &'static str = "order-details";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str =
        "An order with its user, its items and their products: a join of four tables";

    fn register(host: &Host) -> Self {
        Self(S::statement(host, SQL))
    }

    async fn execute(&self, store: &S, db: &mut Session<'_>, rng: &mut Rng) -> Result<Outcome> {
        let order = store.catalogue().any_order(rng);
        let rows = db.query(self.0, params![order]).await?;
        found(&rows, item_count(order).unsigned_abs().into())
    }
}
