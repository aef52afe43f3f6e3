//! A user's activity: orders, reviews and sessions, each counted once.

use dataset::{Operation, the_one};
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::{Catalogue, Store};

const SQL: &str = "SELECT u.user_id, u.username, u.loyalty_points, u.total_spent, \
         coalesce(o.orders, 0), o.latest, o.average, \
         (SELECT count(*) FROM shop.reviews AS r WHERE r.user_id = u.user_id), \
         (SELECT count(*) FROM shop.user_sessions AS s \
          WHERE s.user_id = u.user_id AND s.started_at >= $2) \
     FROM shop.users AS u \
     LEFT JOIN LATERAL ( \
         SELECT count(*) AS orders, max(created_at) AS latest, avg(total_amount) AS average \
         FROM shop.orders WHERE user_id = u.user_id) AS o ON true \
     WHERE u.user_id = $1";

#[derive(Clone, Copy)]
pub struct UserSummary(Statement);

impl<S: Store> Operation<S> for UserSummary {
    const NAME: &'static str = "user-summary";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str =
        "A user's activity: orders, reviews and sessions, each counted once";

    fn register(host: &Host) -> Self {
        Self(S::statement(host, SQL))
    }

    async fn execute(&self, store: &S, db: &mut Session<'_>, rng: &mut Rng) -> Result<Outcome> {
        let user = store.catalogue().popular_user(rng);
        let rows = db.query(self.0, params![user, Catalogue::days_back(30)]).await?;
        the_one(&rows, "user", user)
    }
}
