//! Writes that both shops offer, one file each.

pub mod adjust_inventory;
