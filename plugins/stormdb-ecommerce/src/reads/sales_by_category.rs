//! Sales of the last twelve months by month and category.

use crate::market::Market;

shop::report! {
    Market: SalesByCategory = "sales-by-category" since 365;
    "Sales of the last twelve months by month and category";
    "WITH sold AS ( \
         SELECT o.order_id, date_trunc('month', o.created_at) AS month, p.category, \
             sum(i.total_price) AS sales \
         FROM stormdb_ecommerce.orders AS o \
         JOIN stormdb_ecommerce.order_items AS i USING (order_id) \
         JOIN stormdb_ecommerce.products AS p USING (product_id) \
         WHERE o.created_at >= $1 AND o.status <> 'cancelled' \
         GROUP BY o.order_id, p.category \
     ) \
     SELECT month, category, count(*) AS orders, sum(sales) AS sales FROM sold \
     GROUP BY month, category ORDER BY month DESC, sales DESC LIMIT 100"
}
