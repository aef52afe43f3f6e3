//! Customers by country and how recently and how much they bought; those without orders count, too.

use dataset::{Operation, found};
use shop::Catalogue;
use stormdb_plugin_api::{Host, Outcome, Result, Rng, Session, Statement, describe::Class, params};

use crate::market::Market;

const SQL: &str = "WITH bought AS ( \
         SELECT u.user_id, u.country, count(o.order_id) AS orders, \
             coalesce(sum(o.total_amount), 0) AS spent, max(o.created_at) AS latest \
         FROM stormdb_ecommerce.users AS u \
         LEFT JOIN stormdb_ecommerce.orders AS o ON o.user_id = u.user_id AND o.status <> \
             'cancelled' \
         GROUP BY u.user_id \
     ) \
     SELECT country, CASE \
             WHEN orders = 0 THEN 'Inactive' \
             WHEN spent >= 500 AND latest >= $1 THEN 'VIP' \
             WHEN orders = 1 AND latest >= $1 THEN 'New' \
             WHEN latest >= $1 THEN 'Active' \
             WHEN latest >= $2 THEN 'At Risk' \
             ELSE 'Churned' END AS segment, \
         count(*) AS customers, avg(spent) AS average \
     FROM bought GROUP BY country, segment ORDER BY customers DESC LIMIT 50";

#[derive(Clone, Copy)]
pub(crate) struct CustomerSegments(Statement);

impl Operation<Market> for CustomerSegments {
    const NAME: &'static str = "customer-segments";
    const CLASS: Class = Class::Read;
    const ABOUT: &'static str = "Customers by country and how recently and how much they bought; those without orders count, too";

    fn register(host: &Host) -> Self {
        Self(host.statement(SQL))
    }

    async fn execute(
        &self,
        _store: &Market,
        db: &mut Session<'_>,
        _rng: &mut Rng,
    ) -> Result<Outcome> {
        let rows =
            db.query(self.0, params![Catalogue::days_back(30), Catalogue::days_back(90)]).await?;
        for row in rows.iter() {
            // A segment of customers who never ordered has an average, too.
            let _average: f64 = row.get(3)?;
        }
        found(&rows, 1)
    }
}
