//! Well rated products ranked within their categories by window functions.

use dataset::{Operation, found};
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class};

use crate::basic::Basic;

const SQL: &str = "SELECT product_id, name, category, avg_rating, \
         row_number() OVER best, percent_rank() OVER best, ntile(4) OVER best \
     FROM stormdb_ecommerce_basic.products WHERE avg_rating >= 4 AND review_count > 0 \
     WINDOW best AS (PARTITION BY category ORDER BY avg_rating DESC, review_count DESC) \
     ORDER BY category, avg_rating DESC LIMIT 50";

#[derive(Clone, Copy)]
pub(crate) struct RatedProducts(Statement);

impl Operation<Basic> for RatedProducts {
    const NAME: &'static str = "rated-products";
    const CLASS: Class = Class::Read;

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(
        &self,
        _store: &Basic,
        db: &mut Session<'_>,
        _rng: &mut Rng,
    ) -> Result<Outcome> {
        found(&db.query(self.0, &[]).await?, 1)
    }
}
