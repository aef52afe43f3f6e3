//! What crosses the border between host and plugin: layout-checked types, nothing else.
//!
//! Authors use the types of the [crate root](crate); hosts use these. Version 1 is frozen: a trait
//! here only ever gains methods with a default body, and everything larger arrives through
//! `get_extension`, which every object of the interface has.

pub mod error;
pub mod host;
pub mod module;
pub mod note;
pub mod rows;
pub mod session;
pub mod value;
pub mod workload;

/// The interface version that a manifest names in `api`.
pub const API_VERSION: &str = "1.0.0";

/// The symbol that [`export_plugin!`](crate::export_plugin) defines, and the only one that a plugin
/// library needs to export.
pub const ROOT_SYMBOL: &str = "_1as_0lib_1header_0root_bmodule_bloader";
