//! Registers a user; what must be unique follows from the sequence, so that workers never collide.

use datagen_service::TextKind;
use dataset::{Operation, wrote_one};
use shop::Store;
use stormdb_plugin_api::{
    Date, Host, Outcome, Result, Rng, Session, Statement, describe::Class, params,
};

use crate::basic::Basic;

const SQL: &str = "WITH new AS ( \
         SELECT nextval('stormdb_ecommerce_basic.users_user_id_seq')::integer AS id \
     ) \
     INSERT INTO stormdb_ecommerce_basic.users (user_id, email, username, first_name, last_name, \
         date_of_birth, \
         gender, country, city, postal_code, phone, last_login, preferences) \
     SELECT id, $1::text || '.' || $2::text || id || '@example.com', 'user' || id, $1::text, \
         $2::text, $3::date, $4::text, $5::text, $6::text, $7::text, $8::text, now(), '{}' \
     FROM new";

#[derive(Clone, Copy)]
pub(crate) struct CreateUser(Statement);

impl Operation<Basic> for CreateUser {
    const NAME: &'static str = "create-user";
    const CLASS: Class = Class::Write;
    const ABOUT: &'static str = "Registers a user; what must be unique follows from the sequence, so that workers never collide";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(&self, store: &Basic, db: &mut Session<'_>, rng: &mut Rng) -> Result<Outcome> {
        let catalogue = store.catalogue();
        let name = catalogue.datagen().text(TextKind::Name, rng.u64(..), 0)?;
        let (first, last) = name.split_once(' ').unwrap_or((&name, ""));
        // Like a loaded user, with another name.
        let like = catalogue.user(catalogue.any_user(rng));
        let (address, born) = (&like.address, Date(like.born));
        let home = [address.country, address.city, &address.postal_code, &like.phone];
        let [country, city, postal_code, phone] = home;
        let written = params![first, last, born, like.gender, country, city, postal_code, phone];
        wrote_one(db.execute(self.0, written).await?)
    }
}
