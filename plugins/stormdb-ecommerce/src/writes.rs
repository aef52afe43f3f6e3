//! The writes that only this shop offers, one file each.

pub(crate) mod create_order;
pub(crate) mod create_purchase_order;
pub(crate) mod create_review;
pub(crate) mod log_event;
pub(crate) mod rate_vendor;
pub(crate) mod receive_purchase_item;
pub(crate) mod reprice_product;
pub(crate) mod set_order_status;
pub(crate) mod ship_order;
pub(crate) mod update_user_profile;
