//! An order without its items.

use dataset::{Operation, the_one};
use shop::Store;
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::market::Market;

const SQL: &str = "SELECT order_id, order_number, status, total_amount, created_at \
     FROM stormdb_ecommerce.orders WHERE order_id = $1";

#[derive(Clone, Copy)]
pub(crate) struct OrderHeader(Statement);

impl Operation<Market> for OrderHeader {
    const NAME: &'static str = "order-header";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str = "An order without its items";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(
        &self,
        store: &Market,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        let order = store.catalogue().any_order(rng);
        the_one(&db.query(self.0, params![order]).await?, "order", order)
    }
}
