//! Gives points to a user, who logs in now.

use dataset::{Operation, wrote_one};
use shop::Store;
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::market::Market;

const SQL: &str = "UPDATE stormdb_ecommerce.users \
     SET loyalty_points = loyalty_points + $2, last_login = now() WHERE user_id = $1";

#[derive(Clone, Copy)]
pub(crate) struct UpdateUserProfile(Statement);

impl Operation<Market> for UpdateUserProfile {
    const NAME: &'static str = "update-user-profile";
    const CLASS: Class = Class::Write;
    const ABOUT: &'static str = "Gives points to a user, who logs in now";

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
        wrote_one(db.execute(self.0, params![user, rng.i32(1..=100)]).await?)
    }
}
