//! The indexes of the tables that both shops have.

/// The list of a shop's indexes: its own, which take longest, then those of both shops.
///
/// Columns whose unique index serves the same queries (`sku`, `email`, `order_number`) have no
/// second one.
#[macro_export]
macro_rules! indexes {
    ($($own:expr),* $(,)?) => {
        &[
            $($own,)*
            $crate::Index::unique("product_analytics_pkey", "product_analytics (analytics_id)"),
            $crate::Index::new("product_analytics_product_id_idx", "product_analytics (product_id)"),
            $crate::Index::new("product_analytics_user_id_idx", "product_analytics (user_id)"),
            $crate::Index::new("product_analytics_event_type_idx", "product_analytics (event_type)"),
            $crate::Index::new("product_analytics_created_at_idx", "product_analytics (created_at)"),
            $crate::Index::unique("order_items_pkey", "order_items (item_id)"),
            $crate::Index::new("order_items_order_id_idx", "order_items (order_id)"),
            $crate::Index::new("order_items_product_id_idx", "order_items (product_id)"),
            $crate::Index::unique("user_sessions_session_id_key", "user_sessions (session_id)"),
            $crate::Index::unique("user_sessions_pkey", "user_sessions (session_id_pk)"),
            $crate::Index::new("user_sessions_user_id_idx", "user_sessions (user_id)"),
            $crate::Index::new("user_sessions_started_at_idx", "user_sessions (started_at)"),
            $crate::Index::new("user_sessions_device_type_idx", "user_sessions (device_type)"),
            $crate::Index::unique("orders_pkey", "orders (order_id)"),
            $crate::Index::unique("orders_order_number_key", "orders (order_number)"),
            $crate::Index::new("orders_user_id_idx", "orders (user_id)"),
            $crate::Index::new("orders_status_idx", "orders (status)"),
            $crate::Index::new("orders_created_at_idx", "orders (created_at)"),
            $crate::Index::new("orders_total_amount_idx", "orders (total_amount)"),
            $crate::Index::unique("users_pkey", "users (user_id)"),
            $crate::Index::unique("users_email_key", "users (email)"),
            $crate::Index::unique("users_username_key", "users (username)"),
            $crate::Index::new("users_country_city_idx", "users (country, city)"),
            $crate::Index::new("users_created_at_idx", "users (created_at)"),
            $crate::Index::new("users_last_login_idx", "users (last_login)"),
            $crate::Index::new("users_loyalty_points_idx", "users (loyalty_points)"),
            $crate::Index::unique("reviews_pkey", "reviews (review_id)"),
            $crate::Index::new("reviews_product_id_idx", "reviews (product_id)"),
            $crate::Index::new("reviews_user_id_idx", "reviews (user_id)"),
            $crate::Index::new("reviews_rating_idx", "reviews (rating)"),
            $crate::Index::new("reviews_created_at_idx", "reviews (created_at)"),
            $crate::Index::new("reviews_helpful_votes_idx", "reviews (helpful_votes)"),
            $crate::Index::unique("products_pkey", "products (product_id)"),
            $crate::Index::unique("products_sku_key", "products (sku)"),
            $crate::Index::new("products_category_subcategory_idx", "products (category, subcategory)"),
            $crate::Index::new("products_brand_idx", "products (brand)"),
            $crate::Index::new("products_price_idx", "products (price)"),
            $crate::Index::new("products_avg_rating_idx", "products (avg_rating)"),
            $crate::Index::new("products_created_at_idx", "products (created_at)"),
            $crate::Index::unique("inventory_pkey", "inventory (inventory_id)"),
            // Every product has one row.
            $crate::Index::unique("inventory_product_id_idx", "inventory (product_id)"),
            $crate::Index::new("inventory_warehouse_location_idx", "inventory (warehouse_location)"),
            $crate::Index::new("inventory_quantity_available_idx", "inventory (quantity_available)"),
        ]
    };
}
