//! English full-text search over names and descriptions, which a GIN index serves.

use dataset::{Operation, found};
use shop::Store;
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::basic::Basic;

const SQL: &str = "SELECT product_id, name, avg_rating FROM stormdb_ecommerce_basic.products \
     WHERE to_tsvector('english', name || ' ' || coalesce(description, '')) \
         @@ plainto_tsquery('english', $1) \
     ORDER BY avg_rating DESC LIMIT 15";

#[derive(Clone, Copy)]
pub(crate) struct FullTextSearch(Statement);

impl Operation<Basic> for FullTextSearch {
    const NAME: &'static str = "full-text-search";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str =
        "English full-text search over names and descriptions, which a GIN index serves";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(&self, store: &Basic, db: &mut Session<'_>, rng: &mut Rng) -> Result<Outcome> {
        let catalogue = store.catalogue();
        let word = catalogue.product_word(catalogue.popular_product(rng))?;
        found(&db.query(self.0, params![&word]).await?, 1)
    }
}
