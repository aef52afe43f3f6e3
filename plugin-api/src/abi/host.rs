//! What a plugin may ask of the host outside an operation.

#![expect(unsafe_code, reason = "sabi_trait generates the vtable of the trait object")]

use abi_stable::{
    sabi_trait,
    std_types::{RBox, RStr},
};

/// The host, as one workload instance sees it.
#[sabi_trait]
pub trait Host: Send + Sync {
    /// Registers a statement, to be prepared once on every connection that uses it.
    fn statement(&self, sql: RStr<'_>) -> u32;

    /// The most verbose level that is heard: 0 off, 1 error … 5 trace.
    fn log_level(&self) -> u8;

    /// One line of log; `level` as in `log_level`.
    fn log(&self, level: u8, target: RStr<'_>, message: RStr<'_>);

    /// `done` of `total` `unit`s of the current set-up stage; counts add up over its parts.
    fn progress(&self, done: u64, total: u64, unit: RStr<'_>);

    /// A named result, as a JSON document: a value, a table, a note.
    fn report(&self, kind: RStr<'_>, json: RStr<'_>);

    /// A service that a dependency exports; null where the dependency or the service is absent.
    fn service(&self, plugin: RStr<'_>, id: RStr<'_>) -> *const ();

    /// The next way to grow, by identifier; null for what this host does not know.
    #[sabi(last_prefix_field)]
    fn get_extension(&self, id: RStr<'_>) -> *const ();
}

/// The host as a trait object.
pub type HostBox = Host_TO<'static, RBox<()>>;
