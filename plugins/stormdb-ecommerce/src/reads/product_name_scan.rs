//! Products with a word in their names: a scan, since no index serves it.

use dataset::{Operation, found};
use shop::Store;
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::market::Market;

const SQL: &str = "SELECT product_id, sku, name, price FROM stormdb_ecommerce.products \
     WHERE name ILIKE $1 LIMIT 20";

#[derive(Clone, Copy)]
pub(crate) struct ProductNameScan(Statement);

impl Operation<Market> for ProductNameScan {
    const NAME: &'static str = "product-name-scan";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str =
        "Products with a word in their names: a scan, since no index serves it";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(
        &self,
        store: &Market,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        let catalogue = store.catalogue();
        let word = catalogue.product_word(catalogue.popular_product(rng))?;
        found(&db.query(self.0, params![&format!("%{word}%")]).await?, 1)
    }
}
