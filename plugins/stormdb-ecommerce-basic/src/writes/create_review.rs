//! Reviews a product that the user ordered.

use dataset::{Operation, wrote_one};
use shop::{NewReview, Store};
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::basic::Basic;

const SQL: &str = "INSERT INTO stormdb_ecommerce_basic.reviews \
         (user_id, product_id, order_id, rating, title, content, is_verified_purchase) \
     VALUES ($1, $2, $3, $4, $5, $6, true)";

#[derive(Clone, Copy)]
pub(crate) struct CreateReview(Statement);

impl Operation<Basic> for CreateReview {
    const NAME: &'static str = "create-review";
    const CLASS: Class = Class::Write;
    const ABOUT: &'static str = "Reviews a product that the user ordered";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(&self, store: &Basic, db: &mut Session<'_>, rng: &mut Rng) -> Result<Outcome> {
        let NewReview { user, product, order, rating, title, content } =
            NewReview::draw(store.catalogue(), rng)?;
        let written = params![user, product, order, rating, &title, &content];
        wrote_one(db.execute(self.0, written).await?)
    }
}
