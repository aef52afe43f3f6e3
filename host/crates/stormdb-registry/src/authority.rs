//! All that decides whether a plugin may run here: trust store, trust policy, lock file and rollback state.

use std::path::PathBuf;

use crate::Error;
use crate::ledger::{Admission, Ledger};
use crate::lock::LOCK_FILE;
use crate::trust::TrustStore;
use crate::trust_policy::{POLICY_FILE, TrustPolicy};

/// The rollback state's file name, in the user's data folder.
pub const STATE_FILE: &str = "trust-state.json";

/// Where the four files lie. All paths are absolute, and none comes from a plugin's folder.
#[derive(Debug, Clone)]
pub struct Sources {
    pub trust_store: PathBuf,
    /// `None` = `trust-policy.toml` beside the trust store, if there is one. A named one must exist.
    pub policy: Option<PathBuf>,
    /// `None` = `stormdb.lock` beside the trust store.
    pub lock: Option<PathBuf>,
    pub state: PathBuf,
    pub admission: Admission,
}

impl Sources {
    /// The lock file's path.
    #[must_use]
    pub fn lock_path(&self) -> PathBuf {
        self.lock.clone().unwrap_or_else(|| self.trust_store.with_file_name(LOCK_FILE))
    }

    /// The policy's path.
    #[must_use]
    pub fn policy_path(&self) -> PathBuf {
        self.policy.clone().unwrap_or_else(|| self.trust_store.with_file_name(POLICY_FILE))
    }
}

/// The four, read once. What changes in the files later changes nothing for whoever holds this.
#[derive(Debug)]
pub struct Authority {
    pub(crate) store: TrustStore,
    pub(crate) policy: TrustPolicy,
    pub(crate) ledger: Ledger,
}

impl Authority {
    /// Reads all four; one bad line in any of them refuses all.
    ///
    /// # Errors
    /// The ids of [`TrustStore::load`], [`TrustPolicy::load`] and [`Ledger::load`].
    pub fn open(sources: &Sources) -> Result<Self, Error> {
        let store = TrustStore::load(&sources.trust_store)?;
        let policy = match &sources.policy {
            Some(path) => TrustPolicy::load_named(path)?,
            None => TrustPolicy::load(&sources.policy_path())?,
        };
        let admission = match sources.admission {
            Admission::NewToo if policy.rules().locked => Admission::LockedOnly,
            admission => admission,
        };
        let ledger = Ledger::load(&sources.lock_path(), &sources.state, admission)?;
        Ok(Self { store, policy, ledger })
    }

    #[must_use]
    pub fn store(&self) -> &TrustStore {
        &self.store
    }

    #[must_use]
    pub fn policy(&self) -> &TrustPolicy {
        &self.policy
    }

    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    pub fn ledger_mut(&mut self) -> &mut Ledger {
        &mut self.ledger
    }
}
