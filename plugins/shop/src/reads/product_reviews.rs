//! The most helpful reviews of a product that has one, with their authors.

use dataset::{Operation, found};
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::Store;

const SQL: &str = "SELECT r.review_id, r.rating, r.title, r.content, r.helpful_votes, \
         r.created_at, u.username \
     FROM shop.reviews AS r JOIN shop.users AS u USING (user_id) \
     WHERE r.product_id = $1 \
     ORDER BY r.helpful_votes DESC, r.created_at DESC LIMIT $2";

#[derive(Clone, Copy)]
pub struct ProductReviews(Statement);

impl<S: Store> Operation<S> for ProductReviews {
    const NAME: &'static str = "product-reviews";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str =
        "The most helpful reviews of a product that has one, with their authors";

    fn register(host: &Host) -> Self {
        Self(S::statement(host, SQL))
    }

    async fn execute(&self, store: &S, db: &mut Session<'_>, rng: &mut Rng) -> Result<Outcome> {
        let catalogue = store.catalogue();
        let product = catalogue.review(rng.i32(1..=catalogue.reviews())).product;
        found(&db.query(self.0, params![product, S::PROFILE.reviews_shown]).await?, 1)
    }
}
