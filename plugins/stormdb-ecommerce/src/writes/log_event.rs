//! Logs what a user did with a product, or searched for before.

use dataset::{Operation, wrote_one};
use shop::Store;
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::market::{Market, SEARCH, SEARCHED};

const SQL: &str = "INSERT INTO stormdb_ecommerce.product_analytics (product_id, user_id, \
         event_type, search_query) \
     VALUES ($1, $2, $3, $4)";

#[derive(Clone, Copy)]
pub(crate) struct LogEvent(Statement);

impl Operation<Market> for LogEvent {
    const NAME: &'static str = "log-event";
    const CLASS: Class = Class::Write;
    const ABOUT: &'static str = "Logs what a user did with a product, or searched for before";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(
        &self,
        store: &Market,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        let catalogue = store.catalogue();
        let (product, user) = (catalogue.popular_product(rng), catalogue.popular_user(rng));
        let types = Market::PROFILE.event_types;
        let what = types[rng.usize(..types.len())];
        let query = (what == SEARCH).then(|| SEARCHED[rng.usize(..SEARCHED.len())]);
        wrote_one(db.execute(self.0, params![product, user, what, query]).await?)
    }
}
