//! The one symbol that a plugin library exports.

use abi_stable::{
    StableAbi,
    library::RootModule,
    package_version_strings,
    sabi_types::VersionStrings,
    std_types::{RResult, RStr, RString},
};

use crate::abi::{
    error::AbiError,
    host::HostBox,
    workload::{Creation, WorkloadBox},
};

/// The root module of a plugin.
#[repr(C)]
#[derive(StableAbi)]
#[sabi(kind(Prefix(prefix_ref = PluginModuleRef)))]
#[sabi(missing_field(panic))]
pub struct PluginModule {
    /// The plugin's [`Description`](crate::describe::Description) as JSON.
    pub describe: extern "C" fn() -> RResult<RString, AbiError>,
    /// Makes a workload instance.
    pub create: extern "C" fn(HostBox, Creation<'_>) -> RResult<WorkloadBox, AbiError>,
    /// A service for other plugins, or the next way to grow, by identifier; null for what this
    /// plugin does not know.
    #[sabi(last_prefix_field)]
    pub get_extension: extern "C" fn(RStr<'_>) -> *const (),
}

impl RootModule for PluginModuleRef {
    abi_stable::declare_root_module_statics! {PluginModuleRef}

    const BASE_NAME: &'static str = "stormdb_plugin";
    const NAME: &'static str = "stormdb_plugin";
    const VERSION_STRINGS: VersionStrings = package_version_strings!();
}
