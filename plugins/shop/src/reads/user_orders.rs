//! The last ten orders of a user who has one.

use dataset::{Operation, found};
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::Store;

const SQL: &str = "SELECT order_id, order_number, status, total_amount, created_at, user_id \
     FROM shop.orders WHERE user_id = $1 ORDER BY created_at DESC LIMIT 10";

#[derive(Clone, Copy)]
pub struct UserOrders(Statement);

impl<S: Store> Operation<S> for UserOrders {
    const NAME: &'static str = "user-orders";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str = "The last ten orders of a user who has one";

    fn register(host: &Host) -> Self {
        Self(S::statement(host, SQL))
    }

    async fn execute(&self, store: &S, db: &mut Session<'_>, rng: &mut Rng) -> Result<Outcome> {
        let catalogue = store.catalogue();
        let user = catalogue.order(catalogue.any_order(rng)).user;
        found(&db.query(self.0, params![user]).await?, 1)
    }
}
