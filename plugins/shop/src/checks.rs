//! Conditions that hold on freshly loaded data and that no operation breaks.

use stormdb_plugin_api::{Result, Session, describe::Check};

use crate::Profile;

/// A condition's name, and the query that counts what breaks it; the schema is written as `shop.`.
pub type Condition = (&'static str, &'static str);

/// What holds in every shop.
pub const CONDITIONS: [Condition; 4] = [
    (
        "order-totals-are-the-sums-of-items",
        "SELECT count(*) FROM shop.orders AS o \
         LEFT JOIN (SELECT order_id, sum(total_price) AS goods FROM shop.order_items \
                    GROUP BY order_id) AS i USING (order_id) \
         WHERE o.total_amount IS DISTINCT FROM \
             i.goods + o.shipping_cost + o.tax_amount - o.discount_amount",
    ),
    (
        "item-totals-are-price-times-quantity",
        "SELECT count(*) FROM shop.order_items \
         WHERE total_price <> unit_price * quantity - discount_applied",
    ),
    ("stock-is-not-negative", "SELECT count(*) FROM shop.inventory WHERE quantity_available < 0"),
    (
        "every-product-has-one-stock",
        "SELECT count(*) FROM (SELECT product_id FROM shop.inventory GROUP BY product_id \
             HAVING count(*) > 1) AS doubled",
    ),
];

/// Checks each condition in a snapshot of its own.
///
/// # Errors
/// What the server says.
pub async fn run(
    profile: &Profile,
    conditions: &[Condition],
    db: &mut Session<'_>,
) -> Result<Vec<Check>> {
    let mut checks = Vec::new();
    for (name, sql) in conditions {
        let sql = sql.replace("shop.", &format!("{}.", profile.schema));
        let broken: i64 = db.sql(&sql, &[]).await?.one()?.get(0)?;
        checks.push(Check {
            name: (*name).to_owned(),
            passed: broken == 0,
            finding: format!("{broken} rows break it"),
        });
    }
    Ok(checks)
}
