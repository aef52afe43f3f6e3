//! Adds to or takes from the stock of a product, down to nothing.

use dataset::{Operation, wrote_one};
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::Store;

const SQL: &str = "UPDATE shop.inventory \
     SET quantity_available = greatest(quantity_available + $2, 0), updated_at = now() \
     WHERE product_id = $1";

#[derive(Clone, Copy)]
pub struct AdjustInventory(Statement);

impl<S: Store> Operation<S> for AdjustInventory {
    const NAME: &'static str = "adjust-inventory";
    const CLASS: Class = Class::Write;
    const ABOUT: &'static str = "Adds to or takes from the stock of a product, down to nothing";

    fn register(host: &Host) -> Self {
        Self(S::statement(host, SQL))
    }

    async fn execute(&self, store: &S, db: &mut Session<'_>, rng: &mut Rng) -> Result<Outcome> {
        let product = store.catalogue().product_on_sale(rng);
        wrote_one(db.execute(self.0, params![product, rng.i32(-10..10)]).await?)
    }
}
