//! The list of operations: twenty reads and ten writes, in the order of their documentation, then
//! those that only a mode of their own draws.

use shop::{reads as shared, writes as shared_writes};

use crate::{market::Market, reads, writes};

dataset::operations! {
    Market;
    shared::user_by_email::UserByEmail,
    shared::product_by_sku::ProductBySku,
    shared::category_products::CategoryProducts,
    shared::user_orders::UserOrders,
    shared::product_reviews::ProductReviews,
    reads::vendor_products::VendorProducts,
    reads::vendor_purchase_orders::VendorPurchaseOrders,
    shared::order_details::OrderDetails,
    shared::user_summary::UserSummary,
    shared::product_events::ProductEvents,
    reads::low_stock::LowStock,
    reads::vendor_performance::VendorPerformance,
    reads::product_name_scan::ProductNameScan,
    reads::similar_users::SimilarUsers,
    shared::recent_activity::RecentActivity,
    reads::vector_search::VectorSearch,
    reads::top_products::TopProducts,
    reads::monthly_growth::MonthlyGrowth,
    reads::stock_status::StockStatus,
    reads::stock_report::StockReport,
    writes::create_order::CreateOrder,
    writes::create_review::CreateReview,
    shared_writes::adjust_inventory::AdjustInventory,
    writes::update_user_profile::UpdateUserProfile,
    writes::reprice_product::RepriceProduct,
    writes::log_event::LogEvent,
    writes::rate_vendor::RateVendor,
    writes::ship_order::ShipOrder,
    writes::create_purchase_order::CreatePurchaseOrder,
    writes::receive_purchase_item::ReceivePurchaseItem,
    reads::product_inventory::ProductInventory,
    reads::order_header::OrderHeader,
    writes::set_order_status::SetOrderStatus,
    reads::sales_by_category::SalesByCategory,
    reads::customer_segments::CustomerSegments,
}

/// Those of the modes with all reads or all writes; the rest belongs to `oltp` and `analytics`.
pub(crate) const DOCUMENTED: usize = 30;
