//! A product by its stock keeping unit, which has a unique index.

use dataset::{Operation, the_one};
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::{Store, tables::products::sku};

const SQL: &str = "SELECT product_id, sku, name, category, brand, price, avg_rating, review_count \
     FROM shop.products WHERE sku = $1";

#[derive(Clone, Copy)]
pub struct ProductBySku(Statement);

impl<S: Store> Operation<S> for ProductBySku {
    const NAME: &'static str = "product-by-sku";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str = "A product by its stock keeping unit, which has a unique index";

    fn register(host: &Host) -> Self {
        Self(S::statement(host, SQL))
    }

    async fn execute(&self, store: &S, db: &mut Session<'_>, rng: &mut Rng) -> Result<Outcome> {
        let product = store.catalogue().popular_product(rng);
        let sku = sku(product);
        the_one(&db.query(self.0, params![&sku]).await?, "product", product)
    }
}
