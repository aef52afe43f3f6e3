//! A folder with a trust store, a plugin folder and an author's key, and bundles made in it.

use std::fs::{self, DirBuilder, Permissions};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use stormdb_plugin_api::abi::API_VERSION;
use stormdb_registry::Error;
use stormdb_registry::allowed_signers::Entry;
use stormdb_registry::authority::{Authority, Sources};
use stormdb_registry::bundle::Candidate;
use stormdb_registry::catalog::Catalog;
use stormdb_registry::ledger::Admission;
use stormdb_registry::pack::{Draft, Existing, pack};
use stormdb_registry::private_key::PrivateKey;
use stormdb_registry::sign::{sign, signature};
use stormdb_registry::trust::TrustStore;
use stormdb_registry::verify::{Policy, Verified, verify};
use tempfile::TempDir;

pub(crate) const AUTHOR: &str = "alice@example.org";

pub(crate) struct World {
    folder: TempDir,
    pub(crate) key: PrivateKey,
}

impl World {
    /// A world in which [`AUTHOR`] is trusted.
    pub(crate) fn new() -> Self {
        let world = Self::without_trust();
        TrustStore::add(&world.store(), AUTHOR, &world.key.public_key(), "").unwrap();
        world
    }

    /// A world with a key that nobody trusts.
    pub(crate) fn without_trust() -> Self {
        let folder = TempDir::new().unwrap();
        let key = PrivateKey::generate(&folder.path().join("key"), "a test key").unwrap();
        DirBuilder::new().mode(0o755).create(folder.path().join("plugins")).unwrap();
        Self { folder, key }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.path("allowed_signers")
    }

    pub(crate) fn plugins(&self) -> PathBuf {
        self.path("plugins")
    }

    pub(crate) fn sources(&self) -> Sources {
        Sources {
            trust_store: self.store(),
            policy: None,
            lock: None,
            state: self.path("data/trust-state.json"),
            admission: Admission::NewToo,
        }
    }

    /// What the operator's files say now.
    pub(crate) fn trust(&self) -> Authority {
        Authority::open(&self.sources()).unwrap()
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        self.trust().store().entries().to_vec()
    }

    /// A packed and signed bundle whose library is `library`.
    pub(crate) fn bundle(&self, draft: &Draft, library: &[u8]) -> PathBuf {
        let path = self.pack(draft, library);
        sign(&path, &self.key).unwrap();
        path
    }

    pub(crate) fn pack(&self, draft: &Draft, library: &[u8]) -> PathBuf {
        let file = self.path("libplugin.so");
        fs::write(&file, library).unwrap();
        pack(draft, &file, &self.plugins(), Existing::Refuse).unwrap()
    }

    /// Rewrites the bundle's manifest and signs it, whatever it says.
    pub(crate) fn edit(&self, bundle: &Path, edit: impl FnOnce(&str) -> Vec<u8>) {
        let path = bundle.join("plugin.toml");
        let bytes = edit(&fs::read_to_string(&path).unwrap());
        fs::write(&path, &bytes).unwrap();
        fs::write(bundle.join("plugin.toml.sig"), signature(&self.key, &bytes)).unwrap();
    }

    pub(crate) fn verify(&self, bundle: &Path) -> Result<Verified, Error> {
        verify(&Candidate::open(bundle)?, &self.trust(), &policy())
    }

    pub(crate) fn catalog(&self) -> Catalog {
        Catalog::read(&[self.plugins()], &self.trust(), &policy()).unwrap()
    }
}

/// The host's policy, with a small limit so that tests need no large files.
pub(crate) fn policy() -> Policy {
    Policy { max_library_bytes: 100_000_000, ..Policy::new(API_VERSION.parse().unwrap()) }
}

pub(crate) fn draft(name: &str, version: &str) -> Draft {
    Draft {
        name: name.to_owned(),
        version: version.to_owned(),
        author: AUTHOR.to_owned(),
        description: "A plugin for tests".to_owned(),
        api: "1.0".to_owned(),
        workloads: vec![name.to_owned()],
        expires: None,
        dependencies: [].into(),
    }
}

pub(crate) fn needing(mut draft: Draft, name: &str, requirement: &str) -> Draft {
    draft.dependencies.insert(name.to_owned(), requirement.to_owned());
    draft
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// The id and text of a refusal, or of none.
pub(crate) fn id<T>(outcome: &Result<T, Error>) -> &'static str {
    outcome.as_ref().map_or_else(Error::id, |_| "accepted")
}

/// Runs ssh-keygen in `folder`; `None`, with the reason printed, where it is not installed.
pub(crate) fn ssh_keygen(
    folder: &Path,
    arguments: &[&str],
    input: Option<&Path>,
) -> Option<Output> {
    let stdin = input.map_or_else(Stdio::null, |path| fs::File::open(path).unwrap().into());
    let output =
        Command::new("ssh-keygen").args(arguments).current_dir(folder).stdin(stdin).output();
    match output {
        Ok(output) => Some(output),
        Err(error) => {
            println!("skipped: ssh-keygen cannot be run here ({error})");
            None
        }
    }
}
