//! The registry's steps in this process, from a plugin folder to sealed memory.

use std::path::Path;

use anyhow::Result;
use jiff::Timestamp;
use stormdb_registry::{
    Error,
    authority::{Authority, Sources},
    bundle::Candidate,
    catalog::Catalog,
    gate::gate,
    ledger::Admission,
    seal::Sealed,
    verify::{Policy, verify},
};

/// What the operator's files say, read once.
pub struct Vetting {
    authority: Authority,
    policy: Policy,
}

impl Vetting {
    /// Reads the trust store and what lies beside it.
    ///
    /// # Errors
    /// The refusal of a file.
    pub fn open(store: &Path) -> Result<Self> {
        let sources = Sources {
            trust_store: store.to_owned(),
            policy: None,
            lock: None,
            state: store.with_file_name("trust-state.json"),
            admission: Admission::NewToo,
        };
        let policy = Policy::new(stormdb_plugin_api::abi::API_VERSION.parse()?);
        Ok(Self { authority: Authority::open(&sources)?, policy })
    }

    /// Verifies one bundle.
    ///
    /// # Errors
    /// Its refusal.
    pub fn verify(&self, bundle: &Path) -> Result<(), Error> {
        verify(&Candidate::open(bundle)?, &self.authority, &self.policy).map(drop)
    }

    /// # Errors
    /// What is wrong with the folder itself.
    pub fn catalog(&self, folder: &Path) -> Result<Catalog, Error> {
        Catalog::read(&[folder.to_owned()], &self.authority, &self.policy)
    }

    /// The plugin `name` and what it needs, accepted and sealed.
    ///
    /// # Errors
    /// The refusal of the first step that refuses.
    pub fn sealed(&mut self, catalog: &Catalog, name: &str) -> Result<Vec<Sealed>, Error> {
        let gated = gate(catalog.plan_plugin(name)?)?;
        let (accepted, _new) = gated.accept(self.authority.ledger_mut(), Timestamp::now())?;
        accepted.seal()
    }
}
