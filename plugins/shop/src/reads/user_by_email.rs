//! A user by the address, which has a unique index.

use dataset::{Operation, the_one};
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::Store;

const SQL: &str = "SELECT user_id, email, username, first_name, last_name, country, city, \
         account_status, \
         loyalty_points, total_spent, last_login \
     FROM shop.users WHERE email = $1";

#[derive(Clone, Copy)]
pub struct UserByEmail(Statement);

impl<S: Store> Operation<S> for UserByEmail {
    const NAME: &'static str = "user-by-email";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str = "A user by the address, which has a unique index";

    fn register(host: &Host) -> Self {
        Self(S::statement(host, SQL))
    }

    async fn execute(&self, store: &S, db: &mut Session<'_>, rng: &mut Rng) -> Result<Outcome> {
        let user = store.catalogue().any_user(rng);
        let email = store.catalogue().email(user)?;
        the_one(&db.query(self.0, params![&email]).await?, "user", user)
    }
}
