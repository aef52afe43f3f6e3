//! The seven writes, one file each.

pub(crate) mod insert_actor;
pub(crate) mod insert_comment;
pub(crate) mod insert_movie;
pub(crate) mod link_actor;
pub(crate) mod log_view;
pub(crate) mod rate_movie;
pub(crate) mod touch_comment;
