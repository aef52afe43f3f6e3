//! Rates a vendor.

use dataset::{Operation, wrote_one};
use stormdb_plugin_api::{
    Host, Numeric, Outcome, Result, Rng, Session, Statement, describe::Class, params,
};

use crate::market::Market;

const SQL: &str =
    "UPDATE stormdb_ecommerce.vendors SET rating = $2, updated_at = now() WHERE vendor_id = $1";

#[derive(Clone, Copy)]
pub(crate) struct RateVendor(Statement);

impl Operation<Market> for RateVendor {
    const NAME: &'static str = "rate-vendor";
    const CLASS: Class = Class::Write;
    const ABOUT: &'static str = "Rates a vendor";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(
        &self,
        store: &Market,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        let vendor = rng.i32(1..=store.vendors());
        let rating = Numeric::new(rng.i64(1..=5), 0);
        wrote_one(db.execute(self.0, params![vendor, &rating]).await?)
    }
}
