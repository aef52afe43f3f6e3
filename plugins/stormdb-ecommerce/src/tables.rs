//! The tables: those of both shops, what the others are here, vendors and what is ordered from
//! them.

mod inventory;
mod product_analytics;
mod products;
mod purchase_order_items;
mod purchase_orders;
mod reviews;
mod triggers;
mod vendors;

use dataset::{Dataset, Index};
use shop::tables::{order_items, orders, sessions, users};

use crate::{
    SCHEMA,
    market::{FORMAT, Market},
};

const FOREIGN_KEYS: &str = "\
    ALTER TABLE products ADD FOREIGN KEY (vendor_id) REFERENCES vendors; \
    ALTER TABLE inventory ADD FOREIGN KEY (supplier_id) REFERENCES vendors; \
    ALTER TABLE purchase_orders ADD FOREIGN KEY (vendor_id) REFERENCES vendors; \
    ALTER TABLE purchase_order_items ADD FOREIGN KEY (po_id) REFERENCES purchase_orders, \
        ADD FOREIGN KEY (product_id) REFERENCES products";

pub(crate) const DATASET: Dataset<Market> = Dataset {
    schema: SCHEMA,
    format: FORMAT,
    objects: &triggers::FUNCTIONS,
    tables: &[
        &users::table(),
        &vendors::TABLE,
        &products::TABLE,
        &inventory::TABLE,
        &orders::table(),
        &order_items::table(),
        &reviews::TABLE,
        &sessions::table(),
        &product_analytics::TABLE,
        &purchase_orders::TABLE,
        &purchase_order_items::TABLE,
    ],
    indexes: shop::indexes![
        // Of the metric that the search orders by.
        Index::new(
            "reviews_content_vector_idx",
            "reviews USING hnsw (content_vector vector_cosine_ops)"
        ),
        Index::new("product_analytics_search_query_idx", "product_analytics (search_query)"),
        // For shipping: the orders that wait.
        Index::new("orders_pending_idx", "orders (order_id) WHERE status = 'pending'"),
        Index::unique("vendors_pkey", "vendors (vendor_id)"),
        Index::new("vendors_vendor_name_idx", "vendors (vendor_name)"),
        Index::new("vendors_rating_idx", "vendors (rating)"),
        Index::new("vendors_is_active_idx", "vendors (is_active)"),
        Index::new("products_vendor_id_idx", "products (vendor_id)"),
        Index::new(
            "inventory_reorder_idx",
            "inventory (quantity_available, reorder_level) WHERE auto_reorder"
        ),
        Index::new("inventory_supplier_id_idx", "inventory (supplier_id)"),
        Index::unique("purchase_orders_pkey", "purchase_orders (po_id)"),
        Index::unique("purchase_orders_po_number_key", "purchase_orders (po_number)"),
        Index::new("purchase_orders_vendor_id_idx", "purchase_orders (vendor_id)"),
        Index::new("purchase_orders_status_idx", "purchase_orders (status)"),
        Index::new("purchase_orders_created_at_idx", "purchase_orders (created_at)"),
        Index::new("purchase_orders_expected_delivery_idx", "purchase_orders (expected_delivery)"),
        Index::unique("purchase_order_items_pkey", "purchase_order_items (po_item_id)"),
        Index::new("purchase_order_items_po_id_idx", "purchase_order_items (po_id)"),
        Index::new("purchase_order_items_product_id_idx", "purchase_order_items (product_id)"),
        // A product is on order once; receiving takes its items from here.
        Index::unique(
            "purchase_order_items_open_idx",
            "purchase_order_items (product_id) WHERE quantity_received < quantity_ordered"
        ),
    ],
    constraints: &[shop::FOREIGN_KEYS, FOREIGN_KEYS, triggers::TRIGGERS],
};
