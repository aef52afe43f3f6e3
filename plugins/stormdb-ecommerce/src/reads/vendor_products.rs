//! The products of a vendor.

use dataset::{Operation, found};
use shop::Store;
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::market::Market;

const SQL: &str = "SELECT product_id, sku, name, price, cost, margin_percent, avg_rating \
     FROM stormdb_ecommerce.products WHERE vendor_id = $1 ORDER BY name LIMIT 50";

#[derive(Clone, Copy)]
pub(crate) struct VendorProducts(Statement);

impl Operation<Market> for VendorProducts {
    const NAME: &'static str = "vendor-products";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str = "The products of a vendor";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(
        &self,
        store: &Market,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        let vendor = store.vendor_of(store.catalogue().popular_product(rng));
        found(&db.query(self.0, params![vendor]).await?, 1)
    }
}
