//! The newest orders and reviews together.

use dataset::{Operation, found};
use stormdb_plugin_api::{
    Host, Outcome, Result, Rng, Session, Statement, Timestamp, describe::Class, params,
};

use crate::{HOUR, LOADED_AT, Store};

const SQL: &str = "SELECT * FROM ( \
         (SELECT 'order' AS kind, o.order_id AS id, u.username, o.created_at \
          FROM shop.orders AS o JOIN shop.users AS u USING (user_id) \
          WHERE o.created_at >= $1 ORDER BY o.created_at DESC LIMIT $2) \
         UNION ALL \
         (SELECT 'review', r.review_id, u.username, r.created_at \
          FROM shop.reviews AS r JOIN shop.users AS u USING (user_id) \
          JOIN shop.products AS p USING (product_id) \
          WHERE r.created_at >= $1 ORDER BY r.created_at DESC LIMIT $2) \
     ) AS activity ORDER BY created_at DESC LIMIT $2";

#[derive(Clone, Copy)]
pub struct RecentActivity(Statement);

impl<S: Store> Operation<S> for RecentActivity {
    const NAME: &'static str = "recent-activity";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str = "The newest orders and reviews together";

    fn register(host: &Host) -> Self {
        Self(S::statement(host, SQL))
    }

    async fn execute(&self, _store: &S, db: &mut Session<'_>, rng: &mut Rng) -> Result<Outcome> {
        // The first order is of the last hour of the loaded data.
        let since = Timestamp(LOADED_AT - HOUR * rng.i64(S::PROFILE.recent_hours.clone()));
        found(&db.query(self.0, params![since, S::PROFILE.recent_shown]).await?, 1)
    }
}
