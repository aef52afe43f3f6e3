//! The twenty best rated products of a category that are sold.

use dataset::{Operation, found};
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::Store;

const SQL: &str = "SELECT product_id, name, brand, price, avg_rating, review_count \
     FROM shop.products WHERE category = $1 AND is_active \
     ORDER BY avg_rating DESC, review_count DESC LIMIT 20";

#[derive(Clone, Copy)]
pub struct CategoryProducts(Statement);

impl<S: Store> Operation<S> for CategoryProducts {
    const NAME: &'static str = "category-products";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str = "The twenty best rated products of a category that are sold";

    fn register(host: &Host) -> Self {
        Self(S::statement(host, SQL))
    }

    async fn execute(&self, store: &S, db: &mut Session<'_>, rng: &mut Rng) -> Result<Outcome> {
        let catalogue = store.catalogue();
        let category = catalogue.product(catalogue.product_on_sale(rng)).category;
        found(&db.query(self.0, params![category]).await?, 1)
    }
}
