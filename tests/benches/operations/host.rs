//! A host that registers statements and hears nothing else.

use std::sync::Arc;

use stormdb_plugin_api::{
    abi::host::{Host, Host_TO, HostBox},
    abi_stable::{sabi_trait::prelude::TD_Opaque, std_types::RStr},
};
use stormdb_target::session::StatementTable;

pub(crate) struct BenchHost(Arc<StatementTable>);

impl BenchHost {
    pub(crate) fn boxed(table: Arc<StatementTable>) -> HostBox {
        Host_TO::from_value(Self(table), TD_Opaque)
    }
}

impl Host for BenchHost {
    fn statement(&self, sql: RStr<'_>) -> u32 {
        self.0.register(sql.as_str())
    }

    fn log_level(&self) -> u8 {
        0
    }

    fn log(&self, _level: u8, _target: RStr<'_>, _message: RStr<'_>) {}

    fn progress(&self, _done: u64, _total: u64, _unit: RStr<'_>) {}

    fn report(&self, _kind: RStr<'_>, _json: RStr<'_>) {}

    fn service(&self, _plugin: RStr<'_>, _id: RStr<'_>) -> *const () {
        std::ptr::null()
    }

    fn get_extension(&self, _id: RStr<'_>) -> *const () {
        std::ptr::null()
    }
}
