//! From inherited descriptors to loaded plugins.

use std::os::fd::OwnedFd;

use stormdb_plugin_api::{Error, abi::module::PluginModuleRef, describe::Description};
use stormdb_registry::{
    Error as RegistryError, loader,
    seal::{Sealed, Statement},
};
use stormdb_run::event::Failure;

use super::message::Fault;

/// A plugin in this process.
pub(crate) struct Plugin {
    pub(crate) description: Description,
    pub(crate) module: PluginModuleRef,
}

/// Why a plugin was not loaded, and whose fault it is.
pub(crate) struct Unloaded {
    pub(crate) failure: Failure,
    pub(crate) fault: Fault,
}

/// Checks seals and hashes again, then maps the libraries in order: dependencies come first.
pub(crate) fn load(
    descriptors: Vec<OwnedFd>,
    statements: Vec<Statement>,
) -> Result<Vec<Plugin>, Unloaded> {
    descriptors.into_iter().zip(statements).map(|(fd, statement)| load_one(fd, statement)).collect()
}

fn load_one(fd: OwnedFd, statement: Statement) -> Result<Plugin, Unloaded> {
    let sealed = Sealed::inherit(fd, statement)?;
    let loaded = loader::load(sealed)?;
    Ok(Plugin { description: loaded.description, module: loaded.module })
}

impl From<RegistryError> for Unloaded {
    fn from(error: RegistryError) -> Self {
        let fault = match error {
            RegistryError::DescribeFailed { .. } | RegistryError::DescribePanicked { .. } => {
                Fault::Plugin
            }
            _ => Fault::PluginRefused,
        };
        Self { failure: Failure { id: error.id().to_owned(), message: error.to_string() }, fault }
    }
}

/// An error of a plugin's callback as it stands in a record.
pub(crate) fn plugin_failure(callback: &str, error: &Error) -> Failure {
    let id = match error.kind() {
        stormdb_plugin_api::ErrorKind::Panic => format!("plugin-panicked:{callback}"),
        stormdb_plugin_api::ErrorKind::Config => "workload-config-invalid".to_owned(),
        _ => format!("plugin-failed:{callback}"),
    };
    Failure { id, message: format!("the plugin failed in `{callback}`: {error}") }
}
