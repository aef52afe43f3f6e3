//! From plugin folders and a trust store to sealed plugins: none of their code runs here.

use std::path::{Path, PathBuf};

use semver::Version;
use stormdb_registry::{
    catalog::Catalog,
    gate::gate,
    resolve::LoadPlan,
    seal::Sealed,
    trust::TrustStore,
    verify::{Policy, Verified},
};
use stormdb_run::{config::run_config::PluginsConfig, exit::Exit, record::PluginIdentity};

use crate::{failure::CommandError, places};

/// Where plugins come from and who is trusted.
pub(crate) struct Vetting {
    pub(crate) folders: Vec<PathBuf>,
    pub(crate) trust: TrustStore,
    pub(crate) policy: Policy,
}

/// The plugins of a run, dependencies first.
pub(crate) struct Vetted {
    pub(crate) sealed: Vec<Sealed>,
    pub(crate) identities: Vec<PluginIdentity>,
}

impl Vetting {
    /// Reads the trust store that the configuration names, or the user's own.
    pub(crate) fn open(config: &PluginsConfig) -> Result<Self, CommandError> {
        let PluginsConfig { paths, trust_store, policy: _, sandbox: _ } = config;
        Self::with(paths, trust_store.as_deref())
    }

    /// The same from flags.
    pub(crate) fn with(
        folders: &[PathBuf],
        trust_store: Option<&Path>,
    ) -> Result<Self, CommandError> {
        let folders = if folders.is_empty() {
            // A newcomer has no folder of plugins yet; that is not an error of its own.
            Some(places::plugins_folder()?).into_iter().filter(|folder| folder.exists()).collect()
        } else {
            folders.iter().map(|folder| places::absolute(folder)).collect::<Result<_, _>>()?
        };
        let trust = TrustStore::load(&trust_store_path(trust_store)?)?;
        Ok(Self { folders, trust, policy: Policy::new(api_version()?) })
    }

    /// Every bundle of the folders, usable or refused.
    pub(crate) fn catalog(&self) -> Result<Catalog, CommandError> {
        Ok(Catalog::read(&self.folders, &self.trust, &self.policy)?)
    }

    /// The plugin that offers `workload` with everything that it needs, ready to be mapped.
    pub(crate) fn vet(&self, workload: &str) -> Result<Vetted, CommandError> {
        seal(self.catalog()?.plan_workload(workload)?)
    }
}

/// Looks into the planned plugins and seals them.
pub(crate) fn seal(plan: LoadPlan<'_>) -> Result<Vetted, CommandError> {
    let identities = plan.order().iter().map(|plugin| identity(plugin)).collect();
    let sealed = gate(plan)?.seal()?;
    Ok(Vetted { sealed, identities })
}

fn identity(plugin: &Verified) -> PluginIdentity {
    let manifest = plugin.manifest();
    PluginIdentity {
        name: manifest.name.clone(),
        version: manifest.version.to_string(),
        author: plugin.signer().author.clone(),
        key_fingerprint: plugin.signer().fingerprint.clone(),
        sha256: manifest.library.sha256.to_string(),
    }
}

/// The store that a flag names, or the user's own.
pub(crate) fn trust_store_path(named: Option<&Path>) -> Result<PathBuf, CommandError> {
    named.map_or_else(places::trust_store, places::absolute)
}

fn api_version() -> Result<Version, CommandError> {
    Version::parse(stormdb_plugin_api::abi::API_VERSION).map_err(|error| {
        CommandError::new(Exit::Usage, "api-version", format!("the host's API version: {error}"))
    })
}
