//! How much of every category is sold out, low and well stocked.

use crate::market::Market;

shop::report! {
    Market: StockStatus = "stock-status";
    "How much of every category is sold out, low and well stocked";
    "SELECT p.category, count(*) AS products, \
         round(100.0 * count(*) FILTER (WHERE i.quantity_available = 0) / count(*), 2) AS \
             sold_out, \
         round(100.0 * count(*) FILTER ( \
             WHERE i.quantity_available BETWEEN 1 AND i.reorder_level) / count(*), 2) AS low, \
         round(100.0 * count(*) FILTER ( \
             WHERE i.quantity_available > i.reorder_level) / count(*), 2) AS enough \
     FROM stormdb_ecommerce.inventory AS i JOIN stormdb_ecommerce.products AS p USING (product_id) \
     GROUP BY p.category ORDER BY p.category"
}
