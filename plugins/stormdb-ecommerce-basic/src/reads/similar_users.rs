//! Active users of the same country and about the same age who spend alike.

use dataset::{Operation, found};
use shop::Store;
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::basic::Basic;

const SQL: &str = "SELECT me.user_id, other.user_id, other.username, other.total_spent \
     FROM stormdb_ecommerce_basic.users AS me LEFT JOIN LATERAL ( \
         SELECT user_id, username, total_spent FROM stormdb_ecommerce_basic.users AS u \
         WHERE u.country = me.country AND u.user_id <> me.user_id AND u.account_status = 'active' \
             AND abs(extract(year FROM u.date_of_birth) - extract(year FROM me.date_of_birth)) \
                 <= 5 \
         ORDER BY abs(u.total_spent - me.total_spent) LIMIT 10) AS other ON true \
     WHERE me.user_id = $1";

#[derive(Clone, Copy)]
pub(crate) struct SimilarUsers(Statement);

impl Operation<Basic> for SimilarUsers {
    const NAME: &'static str = "similar-users";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str =
        "Active users of the same country and about the same age who spend alike";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(&self, store: &Basic, db: &mut Session<'_>, rng: &mut Rng) -> Result<Outcome> {
        let user = store.catalogue().any_user(rng);
        // One row without another user where there is none like this one.
        found(&db.query(self.0, params![user]).await?, 1)
    }
}
