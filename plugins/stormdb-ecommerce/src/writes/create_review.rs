//! Reviews a product that the user ordered, with the vector of its content.

use dataset::{Operation, wrote_one};
use shop::{NewReview, Store};
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::market::Market;

const SQL: &str = "INSERT INTO stormdb_ecommerce.reviews (user_id, product_id, order_id, rating, \
         title, content, \
         is_verified_purchase, content_vector) \
     VALUES ($1, $2, $3, $4, $5, $6, true, $7::float8[]::vector)";

#[derive(Clone, Copy)]
pub(crate) struct CreateReview(Statement);

impl Operation<Market> for CreateReview {
    const NAME: &'static str = "create-review";
    const CLASS: Class = Class::Write;
    const ABOUT: &'static str =
        "Reviews a product that the user ordered, with the vector of its content";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(
        &self,
        store: &Market,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        let NewReview { user, product, order, rating, title, content } =
            NewReview::draw(store.catalogue(), rng)?;
        let vector = store.vector_about(product, rng);
        let written = params![user, product, order, rating, &title, &content, &vector[..]];
        wrote_one(db.execute(self.0, written).await?)
    }
}
