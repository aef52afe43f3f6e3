//! The three best products of every category by a window function.

use crate::market::Market;

shop::report! {
    Market: TopProducts = "top-products";
    "The three best products of every category by a window function";
    "SELECT category, product_id, name, avg_rating, place FROM ( \
         SELECT category, product_id, name, avg_rating, \
             row_number() OVER (PARTITION BY category ORDER BY avg_rating DESC, review_count DESC) \
                 AS place \
         FROM stormdb_ecommerce.products WHERE is_active) AS ranked \
     WHERE place <= 3 ORDER BY category, place"
}
