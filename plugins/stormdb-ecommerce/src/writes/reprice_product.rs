//! Sets the price of a product from what it costs.

use dataset::{Operation, wrote_one};
use shop::Store;
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::market::Market;

const SQL: &str = "UPDATE stormdb_ecommerce.products \
     SET price = round(cost * 1.6, 2), margin_percent = 60, updated_at = now() \
     WHERE product_id = $1";

#[derive(Clone, Copy)]
pub(crate) struct RepriceProduct(Statement);

impl Operation<Market> for RepriceProduct {
    const NAME: &'static str = "reprice-product";
    const CLASS: Class = Class::Write;
    const ABOUT: &'static str = "Sets the price of a product from what it costs";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(
        &self,
        store: &Market,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        let product = store.catalogue().popular_product(rng);
        wrote_one(db.execute(self.0, params![product]).await?)
    }
}
