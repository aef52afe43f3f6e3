//! Moves an order on to any status.

use dataset::{Operation, wrote_one};
use shop::Store;
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::market::Market;

const SQL: &str =
    "UPDATE stormdb_ecommerce.orders SET status = $2, updated_at = now() WHERE order_id = $1";

#[derive(Clone, Copy)]
pub(crate) struct SetOrderStatus(Statement);

impl Operation<Market> for SetOrderStatus {
    const NAME: &'static str = "set-order-status";
    const CLASS: Class = Class::Write;
    const ABOUT: &'static str = "Moves an order on to any status";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(
        &self,
        store: &Market,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        // The first order stays delivered, so that there are always sales.
        let order = rng.i32(2..=store.catalogue().orders());
        let statuses = Market::PROFILE.order_statuses;
        let status = statuses[rng.usize(..statuses.len())];
        wrote_one(db.execute(self.0, params![order, status]).await?)
    }
}
