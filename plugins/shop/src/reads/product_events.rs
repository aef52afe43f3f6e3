//! The events of a product by type and day, with how many users made them.

use dataset::{Operation, found};
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::{Catalogue, Store};

const SQL: &str = "SELECT event_type, created_at::date AS day, count(*) AS events, \
         count(DISTINCT user_id) AS users \
     FROM shop.product_analytics \
     WHERE product_id = $1 AND created_at >= $2 \
     GROUP BY event_type, day ORDER BY day DESC, event_type";

#[derive(Clone, Copy)]
pub struct ProductEvents(Statement);

impl<S: Store> Operation<S> for ProductEvents {
    const NAME: &'static str = "product-events";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str =
        "The events of a product by type and day, with how many users made them";

    fn register(host: &Host) -> Self {
        Self(S::statement(host, SQL))
    }

    async fn execute(&self, store: &S, db: &mut Session<'_>, rng: &mut Rng) -> Result<Outcome> {
        let product = store.catalogue().popular_product(rng);
        found(&db.query(self.0, params![product, Catalogue::days_back(30)]).await?, 1)
    }
}
