//! The reads that only this shop offers, one file each.

pub(crate) mod full_text_search;
pub(crate) mod inventory_value;
pub(crate) mod monthly_spending;
pub(crate) mod rated_products;
pub(crate) mod similar_users;
