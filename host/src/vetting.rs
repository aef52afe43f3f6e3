//! From plugin folders and the operator's files to sealed plugins: none of their code runs here.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use semver::Version;
use stormdb_registry::{
    authority::{Authority, Sources},
    catalog::Catalog,
    gate::gate,
    ledger::Admission,
    lock::Entry,
    resolve::LoadPlan,
    seal::Sealed,
    verify::{Policy, Verified},
};
use stormdb_run::{config::run_config::PluginsConfig, exit::Exit, record::PluginIdentity};

use crate::{
    cli::PluginArgs,
    failure::CommandError,
    output::{note, warn_of},
    places,
};

/// Where plugins come from and who is trusted.
pub(crate) struct Vetting {
    pub(crate) folders: Vec<PathBuf>,
    pub(crate) authority: Authority,
    pub(crate) policy: Policy,
}

/// The plugins of a run, dependencies first.
pub(crate) struct Vetted {
    pub(crate) sealed: Vec<Sealed>,
    pub(crate) identities: Vec<PluginIdentity>,
    /// Each with its id and its text, for the record.
    pub(crate) warnings: Vec<(&'static str, String)>,
}

impl Vetting {
    /// Reads the files that the configuration names, or the user's own.
    pub(crate) fn open(config: &PluginsConfig) -> Result<Self, CommandError> {
        let PluginsConfig { paths, trust_store, policy, lock, locked, sandbox: _ } = config;
        let sources = sources(trust_store.as_deref(), policy.as_deref(), lock.as_deref(), *locked)?;
        Self::with(paths, &sources)
    }

    /// The same from flags.
    pub(crate) fn of(arguments: &PluginArgs) -> Result<Self, CommandError> {
        Self::with(&arguments.folders, &sources_of(arguments)?)
    }

    /// The same for a command that changes the lock file on purpose.
    pub(crate) fn changing(
        arguments: &PluginArgs,
        admission: Admission,
    ) -> Result<Self, CommandError> {
        if arguments.locked {
            let message = "`--locked` asks that the lock file stays as it is; leave it out here";
            return Err(CommandError::usage("contradiction", message));
        }
        let sources = Sources { admission, ..sources_of(arguments)? };
        Self::with(&arguments.folders, &sources)
    }

    fn with(folders: &[PathBuf], sources: &Sources) -> Result<Self, CommandError> {
        let folders = if folders.is_empty() {
            // A newcomer has no folder of plugins yet; that is not an error of its own.
            Some(places::plugins_folder()?).into_iter().filter(|folder| folder.exists()).collect()
        } else {
            folders.iter().map(|folder| places::absolute(folder)).collect::<Result<_, _>>()?
        };
        let authority = Authority::open(sources)?;
        Ok(Self { folders, authority, policy: Policy::new(api_version()?) })
    }

    /// Every bundle of the folders, usable or refused.
    pub(crate) fn catalog(&self) -> Result<Catalog, CommandError> {
        Ok(Catalog::read(&self.folders, &self.authority, &self.policy)?)
    }

    /// The plugin that offers `workload` with everything that it needs, ready to be mapped. What is new is put into the
    /// lock file.
    pub(crate) fn vet(mut self, workload: &str) -> Result<Vetted, CommandError> {
        let catalog = self.catalog()?;
        self.accept(catalog.plan_workload(workload)?)
    }

    /// The gate, the lock file, and sealed memory.
    pub(crate) fn accept(&mut self, plan: LoadPlan<'_>) -> Result<Vetted, CommandError> {
        let identities = plan.order().iter().map(|plugin| identity(plugin)).collect();
        let warnings: Vec<_> =
            plan.order().iter().filter_map(|plugin| expired_key(plugin)).collect();
        warnings.iter().for_each(|(id, text)| warn_of(id, text));
        let (accepted, new) = gate(plan)?.accept(self.authority.ledger_mut(), Timestamp::now())?;
        let lock = self.authority.ledger().lock().path();
        for entry in &new {
            note(&format!("{}, added to {}", accepted_as(entry), lock.display()));
        }
        Ok(Vetted { sealed: accepted.seal()?, identities, warnings })
    }
}

/// What a new entry of the lock file says.
pub(crate) fn accepted_as(entry: &Entry) -> String {
    let Entry { name, version, author, key, library_sha256, .. } = entry;
    format!("accepted {name} {version} by {author} (key {key}, sha256 {library_sha256})")
}

fn expired_key(plugin: &Verified) -> Option<(&'static str, String)> {
    let at = plugin.key_expired()?;
    let (title, key) = (plugin.title(), &plugin.signer().fingerprint);
    let text = format!(
        "{title} runs since it is locked, but its key {key} expired at {at}; ask its author for a bundle signed with a current key"
    );
    Some((KEY_EXPIRED, text))
}

/// A locked plugin whose key expired since.
const KEY_EXPIRED: &str = "locked-key-expired";

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

/// The files that flags name, or the user's own.
fn sources_of(arguments: &PluginArgs) -> Result<Sources, CommandError> {
    let PluginArgs { folders: _, trust_store, trust_policy, lock, locked, allow_ld_env: _ } =
        arguments;
    sources(trust_store.as_deref(), trust_policy.as_deref(), lock.as_deref(), *locked)
}

/// The files that flags or the configuration name, or the user's own.
pub(crate) fn sources(
    trust_store: Option<&Path>,
    policy: Option<&Path>,
    lock: Option<&Path>,
    locked: bool,
) -> Result<Sources, CommandError> {
    Ok(Sources {
        trust_store: trust_store_path(trust_store)?,
        policy: policy.map(places::absolute).transpose()?,
        lock: lock.map(places::absolute).transpose()?,
        state: places::trust_state()?,
        admission: if locked { Admission::LockedOnly } else { Admission::NewToo },
    })
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
