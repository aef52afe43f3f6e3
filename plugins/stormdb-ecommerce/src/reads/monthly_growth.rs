//! Sales by month and how they grew.

use crate::market::Market;

shop::report! {
    Market: MonthlyGrowth = "monthly-growth";
    "Sales by month and how they grew";
    "WITH monthly AS ( \
         SELECT date_trunc('month', created_at) AS month, count(*) AS orders, \
             sum(total_amount) AS sales \
         FROM stormdb_ecommerce.orders WHERE status <> 'cancelled' GROUP BY month \
     ) \
     SELECT month, orders, sales, lag(sales) OVER months AS before, \
         round(100 * (sales - lag(sales) OVER months) / nullif(lag(sales) OVER months, 0), 2) \
             AS growth \
     FROM monthly WINDOW months AS (ORDER BY month) ORDER BY month DESC LIMIT 12"
}
