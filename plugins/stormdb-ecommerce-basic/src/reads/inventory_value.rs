//! What the stock is worth by category and brand, with shares and ranks.

use crate::basic::Basic;

shop::report! {
    Basic: InventoryValue = "inventory-value";
    "What the stock is worth by category and brand, with shares and ranks";
    "WITH worth AS ( \
         SELECT p.category, p.brand, count(*) AS products, \
             sum(i.quantity_available * i.unit_cost) AS value \
         FROM stormdb_ecommerce_basic.inventory AS i JOIN stormdb_ecommerce_basic.products AS p \
             USING (product_id) \
         GROUP BY p.category, p.brand \
     ) \
     SELECT category, brand, products, value, \
         round(100 * value / nullif(sum(value) OVER (), 0), 2) AS share, \
         rank() OVER (ORDER BY value DESC) AS place \
     FROM worth ORDER BY value DESC LIMIT 30"
}
