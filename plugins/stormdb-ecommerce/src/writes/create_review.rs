//! Reviews a product that the user ordered, with the vector of its content.

use datagen_service::TextKind;
use dataset::{Operation, wrote_one};
use shop::Store;
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
        let catalogue = store.catalogue();
        let number = catalogue.any_order(rng);
        let order = catalogue.order(number);
        let product = order.items[rng.usize(..order.items.len())].product;
        let title = catalogue.datagen().text(TextKind::Title, rng.u64(..), 0)?;
        let content = catalogue.datagen().text(TextKind::Paragraph, rng.u64(..), 0)?;
        let (rating, vector) = (rng.i32(1..=5), store.vector_about(product, rng));
        let written = params![order.user, product, number, rating, &title, &content, &vector[..]];
        wrote_one(db.execute(self.0, written).await?)
    }
}
