//! From inherited descriptors to loaded plugins.

use std::{os::fd::OwnedFd, time::Instant};

use stormdb_plugin_api::{Error, abi::module::PluginModuleRef};
use stormdb_registry::{
    Error as RegistryError, loader,
    seal::{Sealed, Statement},
};
use stormdb_run::event::Failure;

use super::message::{Fault, Mapped};

/// A plugin in this process.
pub(crate) struct Plugin {
    pub(crate) mapped: Mapped,
    pub(crate) module: PluginModuleRef,
}

/// Why a plugin was not loaded, and whose fault it is.
pub(crate) struct Unloaded {
    pub(crate) failure: Failure,
    pub(crate) fault: Fault,
}

/// Checks seals, then maps the libraries in order: dependencies come first. `on_mapping` hears of each before.
pub(crate) fn load(
    descriptors: Vec<OwnedFd>,
    statements: Vec<Statement>,
    mut on_mapping: impl FnMut(&Statement),
) -> Result<Vec<Plugin>, Unloaded> {
    let load = |(fd, statement): (OwnedFd, Statement)| {
        on_mapping(&statement);
        let began = Instant::now();
        let loaded = loader::load(Sealed::inherit(fd, statement)?)?;
        let seconds = began.elapsed().as_secs_f64();
        let mapped = Mapped { description: loaded.description, seconds };
        Ok(Plugin { mapped, module: loaded.module })
    };
    descriptors.into_iter().zip(statements).map(load).collect()
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

#[cfg(test)]
mod tests {
    use stormdb_plugin_api::Error;

    use super::plugin_failure;

    #[test]
    fn a_refused_configuration_is_the_users_to_mend() {
        let failure = plugin_failure("create", &Error::config("rows", "too many"));
        assert_eq!(failure.id, "workload-config-invalid");
        let failure = plugin_failure("create", &Error::protocol("out of order"));
        assert_eq!(failure.id, "plugin-failed:create");
    }
}
