//! The writes that only this shop offers, one file each.

pub(crate) mod create_order;
pub(crate) mod create_product;
pub(crate) mod create_review;
pub(crate) mod create_user;
pub(crate) mod log_event;
pub(crate) mod rate_product;
pub(crate) mod update_user;
