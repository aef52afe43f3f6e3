//! The list of operations, fourteen reads and eight writes, in the order of their documentation.

use shop::{reads as shared, writes as shared_writes};

use crate::{basic::Basic, reads, writes};

dataset::operations! {
    Basic;
    shared::user_by_email::UserByEmail,
    shared::product_by_sku::ProductBySku,
    shared::category_products::CategoryProducts,
    shared::user_orders::UserOrders,
    shared::product_reviews::ProductReviews,
    shared::order_details::OrderDetails,
    shared::user_summary::UserSummary,
    shared::product_events::ProductEvents,
    reads::full_text_search::FullTextSearch,
    reads::similar_users::SimilarUsers,
    shared::recent_activity::RecentActivity,
    reads::rated_products::RatedProducts,
    reads::monthly_spending::MonthlySpending,
    reads::inventory_value::InventoryValue,
    writes::create_user::CreateUser,
    writes::create_product::CreateProduct,
    writes::create_order::CreateOrder,
    writes::update_user::UpdateUser,
    writes::rate_product::RateProduct,
    shared_writes::adjust_inventory::AdjustInventory,
    writes::create_review::CreateReview,
    writes::log_event::LogEvent,
}
