//! The three best products of every category by a window function.

use dataset::{Operation, found};
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class};

use crate::market::Market;

const SQL: &str = "SELECT category, product_id, name, avg_rating, place FROM ( \
         SELECT category, product_id, name, avg_rating, \
             row_number() OVER (PARTITION BY category ORDER BY avg_rating DESC, review_count DESC) \
                 AS place \
         FROM stormdb_ecommerce.products WHERE is_active) AS ranked \
     WHERE place <= 3 ORDER BY category, place";

#[derive(Clone, Copy)]
pub(crate) struct TopProducts(Statement);

impl Operation<Market> for TopProducts {
    const NAME: &'static str = "top-products";
    const CLASS: Class = Class::Read;

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(
        &self,
        _store: &Market,
        db: &mut Session<'_>,
        _rng: &mut Rng,
    ) -> Result<Outcome> {
        found(&db.query(self.0, &[]).await?, 1)
    }
}
