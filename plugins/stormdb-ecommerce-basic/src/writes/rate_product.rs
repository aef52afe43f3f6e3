//! Adds a rating to the running average of a product.

use dataset::{Operation, wrote_one};
use shop::Store;
use stormdb_plugin_api::{
    Host, Numeric, Outcome, Result, Rng, Session, Statement, describe::Class, params,
};

use crate::basic::Basic;

const SQL: &str = "UPDATE stormdb_ecommerce_basic.products SET \
         avg_rating = round((avg_rating * review_count + $2) / (review_count + 1), 2), \
         review_count = review_count + 1, updated_at = now() \
     WHERE product_id = $1";

#[derive(Clone, Copy)]
pub(crate) struct RateProduct(Statement);

impl Operation<Basic> for RateProduct {
    const NAME: &'static str = "rate-product";
    const CLASS: Class = Class::Write;
    const ABOUT: &'static str = "Adds a rating to the running average of a product";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(&self, store: &Basic, db: &mut Session<'_>, rng: &mut Rng) -> Result<Outcome> {
        let product = store.catalogue().popular_product(rng);
        let drawn = rng.i64(1..=5);
        // The first product stays the best.
        let rating = Numeric::new(if product == 1 { 5 } else { drawn }, 0);
        wrote_one(db.execute(self.0, params![product, &rating]).await?)
    }
}
