//! Reads that both shops offer, one file each.

pub mod category_products;
pub mod order_details;
pub mod product_by_sku;
pub mod product_events;
pub mod product_reviews;
pub mod recent_activity;
pub mod user_by_email;
pub mod user_orders;
pub mod user_summary;
