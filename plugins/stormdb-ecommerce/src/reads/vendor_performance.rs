//! What vendors delivered in the last ninety days, and how late.

use dataset::{Operation, found};
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::market::Market;
use shop::Catalogue;

const SQL: &str = "SELECT v.vendor_id, v.vendor_name, v.rating, count(*) AS orders, sum(o.total_amount) AS value, \
         avg(o.actual_delivery - o.expected_delivery) AS days_late \
     FROM stormdb_ecommerce.vendors AS v JOIN stormdb_ecommerce.purchase_orders AS o USING (vendor_id) \
     WHERE o.created_at >= $1 \
     GROUP BY v.vendor_id ORDER BY value DESC LIMIT 50";

#[derive(Clone, Copy)]
pub(crate) struct VendorPerformance(Statement);

impl Operation<Market> for VendorPerformance {
    const NAME: &'static str = "vendor-performance";
    const CLASS: Class = Class::Read;

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(
        &self,
        _store: &Market,
        db: &mut Session<'_>,
        _rng: &mut Rng,
    ) -> Result<Outcome> {
        found(&db.query(self.0, params![Catalogue::days_back(90)]).await?, 1)
    }
}
