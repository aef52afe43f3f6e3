//! One file per command.

pub(crate) mod compare;
pub(crate) mod config;
pub(crate) mod pg;
pub(crate) mod plan;
pub(crate) mod plugin;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod trust;
