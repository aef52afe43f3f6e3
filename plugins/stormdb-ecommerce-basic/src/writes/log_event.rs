//! Logs what a user did with a product.

use dataset::{Operation, wrote_one};
use shop::Store;
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::basic::Basic;

const SQL: &str = "INSERT INTO stormdb_ecommerce_basic.product_analytics \
         (product_id, user_id, event_type) VALUES ($1, $2, $3)";

/// What a client logs one by one.
const LOGGED: [&str; 4] = ["view", "add_to_cart", "purchase", "wishlist"];

#[derive(Clone, Copy)]
pub(crate) struct LogEvent(Statement);

impl Operation<Basic> for LogEvent {
    const NAME: &'static str = "log-event";
    const CLASS: Class = Class::Write;
    const ABOUT: &'static str = "Logs what a user did with a product";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(&self, store: &Basic, db: &mut Session<'_>, rng: &mut Rng) -> Result<Outcome> {
        let catalogue = store.catalogue();
        let (product, user) = (catalogue.popular_product(rng), catalogue.popular_user(rng));
        let what = LOGGED[rng.usize(..LOGGED.len())];
        wrote_one(db.execute(self.0, params![product, user, what]).await?)
    }
}
