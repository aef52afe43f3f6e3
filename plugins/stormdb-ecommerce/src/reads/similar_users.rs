//! Users who bought from at least two of the same categories.

use dataset::{Operation, found};
use shop::Store;
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::market::Market;

const SQL: &str = "WITH mine AS ( \
         SELECT DISTINCT p.category FROM stormdb_ecommerce.orders AS o \
         JOIN stormdb_ecommerce.order_items AS i USING (order_id) \
         JOIN stormdb_ecommerce.products AS p USING (product_id) WHERE o.user_id = $1 \
     ), bought AS ( \
         SELECT DISTINCT o.user_id, p.category FROM mine \
         JOIN stormdb_ecommerce.products AS p USING (category) \
         JOIN stormdb_ecommerce.order_items AS i USING (product_id) \
         JOIN stormdb_ecommerce.orders AS o USING (order_id) WHERE o.user_id <> $1 \
     ), others AS ( \
         SELECT user_id, count(*) AS shared FROM bought \
         GROUP BY user_id HAVING count(*) >= 2 ORDER BY shared DESC, user_id LIMIT 10 \
     ) \
     SELECT me.user_id, others.user_id, others.shared \
     FROM stormdb_ecommerce.users AS me LEFT JOIN others ON true WHERE me.user_id = $1";

#[derive(Clone, Copy)]
pub(crate) struct SimilarUsers(Statement);

impl Operation<Market> for SimilarUsers {
    const NAME: &'static str = "similar-users";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str = "Users who bought from at least two of the same categories";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(
        &self,
        store: &Market,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        let user = store.catalogue().popular_user(rng);
        // One row without another user where there is none like this one.
        found(&db.query(self.0, params![user]).await?, 1)
    }
}
