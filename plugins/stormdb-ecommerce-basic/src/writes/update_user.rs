//! Adds to what a user spent, who logs in now.

use dataset::{Operation, wrote_one};
use shop::Store;
use stormdb_plugin_api::{
    Host, Numeric, Outcome, Result, Rng, Session, Statement, describe::Class, params,
};

use crate::basic::Basic;

const SQL: &str = "UPDATE stormdb_ecommerce_basic.users \
     SET total_spent = total_spent + $2, last_login = now() WHERE user_id = $1";

#[derive(Clone, Copy)]
pub(crate) struct UpdateUser(Statement);

impl Operation<Basic> for UpdateUser {
    const NAME: &'static str = "update-user";
    const CLASS: Class = Class::Write;
    const ABOUT: &'static str = "Adds to what a user spent, who logs in now";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(&self, store: &Basic, db: &mut Session<'_>, rng: &mut Rng) -> Result<Outcome> {
        let user = store.catalogue().popular_user(rng);
        let spent = Numeric::new(rng.i64(0..=99_900), 2);
        wrote_one(db.execute(self.0, params![user, &spent]).await?)
    }
}
