//! Sales of the last twelve months by month and category.

use dataset::{Operation, found};
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::market::Market;
use shop::Catalogue;

const SQL: &str = "SELECT date_trunc('month', o.created_at) AS month, p.category, \
         count(DISTINCT o.order_id) AS orders, sum(i.total_price) AS sales \
     FROM stormdb_ecommerce.orders AS o \
     JOIN stormdb_ecommerce.order_items AS i USING (order_id) \
     JOIN stormdb_ecommerce.products AS p USING (product_id) \
     WHERE o.created_at >= $1 AND o.status <> 'cancelled' \
     GROUP BY month, p.category ORDER BY month DESC, sales DESC LIMIT 100";

#[derive(Clone, Copy)]
pub(crate) struct SalesByCategory(Statement);

impl Operation<Market> for SalesByCategory {
    const NAME: &'static str = "sales-by-category";
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
        found(&db.query(self.0, params![Catalogue::days_back(365)]).await?, 1)
    }
}
