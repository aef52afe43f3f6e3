//! Reviews a product that the user ordered.

use datagen_service::TextKind;
use dataset::{Operation, wrote_one};
use shop::Store;
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
        let catalogue = store.catalogue();
        let number = catalogue.any_order(rng);
        let order = catalogue.order(number);
        let product = order.items[rng.usize(..order.items.len())].product;
        let title = catalogue.datagen().text(TextKind::Title, rng.u64(..), 0)?;
        let content = catalogue.datagen().text(TextKind::Paragraph, rng.u64(..), 0)?;
        let written = params![order.user, product, number, rng.i32(1..=5), &title, &content];
        wrote_one(db.execute(self.0, written).await?)
    }
}
