//! The last twenty purchase orders of a vendor who has one.

use dataset::{Operation, found};
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::market::{Market, PURCHASE_ORDERS};

const SQL: &str = "SELECT po_id, po_number, status, total_amount, expected_delivery, created_at \
     FROM stormdb_ecommerce.purchase_orders WHERE vendor_id = $1 ORDER BY created_at DESC LIMIT 20";

#[derive(Clone, Copy)]
pub(crate) struct VendorPurchaseOrders(Statement);

impl Operation<Market> for VendorPurchaseOrders {
    const NAME: &'static str = "vendor-purchase-orders";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str = "The last twenty purchase orders of a vendor who has one";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(
        &self,
        store: &Market,
        db: &mut Session<'_>,
        rng: &mut Rng,
    ) -> Result<Outcome> {
        let vendor = store.purchase_order(rng.i32(1..=PURCHASE_ORDERS)).vendor;
        found(&db.query(self.0, params![vendor]).await?, 1)
    }
}
