//! Well rated products ranked within their categories by window functions.

use crate::basic::Basic;

shop::report! {
    Basic: RatedProducts = "rated-products";
    "Well rated products ranked within their categories by window functions";
    "SELECT product_id, name, category, avg_rating, \
         row_number() OVER best, percent_rank() OVER best, ntile(4) OVER best \
     FROM stormdb_ecommerce_basic.products WHERE avg_rating >= 4 AND review_count > 0 \
     WINDOW best AS (PARTITION BY category ORDER BY avg_rating DESC, review_count DESC) \
     ORDER BY category, avg_rating DESC LIMIT 50"
}
