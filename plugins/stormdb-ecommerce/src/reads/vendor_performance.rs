//! What vendors delivered in the last ninety days, and how late.

use crate::market::Market;

shop::report! {
    Market: VendorPerformance = "vendor-performance" since 90;
    "What vendors delivered in the last ninety days, and how late";
    "SELECT v.vendor_id, v.vendor_name, v.rating, count(*) AS orders, sum(o.total_amount) AS \
        value, \
         avg(o.actual_delivery - o.expected_delivery) AS days_late \
     FROM stormdb_ecommerce.vendors AS v JOIN stormdb_ecommerce.purchase_orders AS o USING \
         (vendor_id) \
     WHERE o.created_at >= $1 \
     GROUP BY v.vendor_id ORDER BY value DESC LIMIT 50"
}
