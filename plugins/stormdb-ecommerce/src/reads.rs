//! The reads that only this shop offers, one file each.

pub(crate) mod customer_segments;
pub(crate) mod low_stock;
pub(crate) mod monthly_growth;
pub(crate) mod order_header;
pub(crate) mod product_inventory;
pub(crate) mod product_name_scan;
pub(crate) mod sales_by_category;
pub(crate) mod similar_users;
pub(crate) mod stock_report;
pub(crate) mod stock_status;
pub(crate) mod top_products;
pub(crate) mod vector_search;
pub(crate) mod vendor_performance;
pub(crate) mod vendor_products;
pub(crate) mod vendor_purchase_orders;
