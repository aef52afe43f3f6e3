//! The static gate over a whole plan, and the acceptance of what passed it.
//!
//! The types are the order: what is sealed was accepted, what is accepted was gated, what is gated was resolved from what
//! was verified. The compiler refuses a way around a step. This is the way:
//!
//! ```no_run
//! use stormdb_registry::{Error, authority::Authority, catalog::Catalog, gate::gate, seal::Sealed};
//!
//! fn way(catalog: &Catalog, authority: &mut Authority) -> Result<Vec<Sealed>, Error> {
//!     let plan = catalog.plan_workload("imdb")?;
//!     let (accepted, _new) = gate(plan)?.accept(authority.ledger_mut(), jiff::Timestamp::now())?;
//!     accepted.seal()
//! }
//! ```
//!
//! A verified plugin is not gated without its dependencies:
//!
//! ```compile_fail,E0308
//! # use stormdb_registry::{gate::gate, verify::Verified};
//! fn around(plugin: Verified) {
//!     let gated = gate(plugin);
//! }
//! ```
//!
//! What is gated is not sealed before it was accepted:
//!
//! ```compile_fail,E0599
//! # use stormdb_registry::{Error, gate::Gated, seal::Sealed};
//! fn around(gated: Gated<'_>) -> Result<Vec<Sealed>, Error> {
//!     gated.seal()
//! }
//! ```
//!
//! A plan is not sealed without the gate, and nobody else makes what passed it:
//!
//! ```compile_fail,E0423
//! # use stormdb_registry::{gate::Gated, resolve::LoadPlan};
//! fn around(plan: LoadPlan<'_>) -> Gated<'_> {
//!     Gated(plan)
//! }
//! ```
//!
//! ```compile_fail,E0451
//! # use stormdb_registry::resolve::LoadPlan;
//! fn around() -> LoadPlan<'static> {
//!     LoadPlan { order: Vec::new() }
//! }
//! ```
//!
//! The loader maps what is sealed, and no file:
//!
//! ```compile_fail,E0308
//! # use stormdb_registry::loader::load;
//! fn around(path: &std::path::Path) {
//!     let loaded = load(path);
//! }
//! ```

use jiff::Timestamp;

use crate::Error;
use crate::elf::inspect;
use crate::ledger::Ledger;
use crate::lock::Entry;
use crate::resolve::LoadPlan;
use crate::seal::Sealed;

/// A plan whose libraries the dynamic linker may have.
#[derive(Debug)]
pub struct Gated<'a>(LoadPlan<'a>);

/// A gated plan whose plugins the lock file lists, all of them.
#[derive(Debug)]
pub struct Accepted<'a>(LoadPlan<'a>);

/// Looks into every library of the plan.
///
/// # Errors
/// `elf-*`, `abi-symbol-missing`, `abi-incompatible`.
pub fn gate(plan: LoadPlan<'_>) -> Result<Gated<'_>, Error> {
    for plugin in plan.order() {
        inspect(plugin.library()).map_err(|fault| Error::Elf { plugin: plugin.title(), fault })?;
    }
    Ok(Gated(plan))
}

impl<'a> Gated<'a> {
    /// Puts what is new into the lock file, and returns the new entries.
    ///
    /// # Errors
    /// `lock-mismatch` and `version-rollback` if another stormdb accepted something else in the meantime; `lock-invalid`,
    /// `trust-state-*`, `io-error`.
    pub fn accept(
        self,
        ledger: &mut Ledger,
        now: Timestamp,
    ) -> Result<(Accepted<'a>, Vec<Entry>), Error> {
        let Self(plan) = self;
        let new = ledger.accept(&plan, now)?;
        Ok((Accepted(plan), new))
    }

    /// Seals and lets go, to see that it can be done.
    pub(crate) fn rehearse(&self) -> Result<usize, Error> {
        Ok(seal(&self.0)?.len())
    }
}

impl Accepted<'_> {
    /// Copies the verified bytes of each library into memory that nobody can change any more. In load order.
    ///
    /// # Errors
    /// `seal-failed`.
    pub fn seal(&self) -> Result<Vec<Sealed>, Error> {
        seal(&self.0)
    }
}

fn seal(plan: &LoadPlan<'_>) -> Result<Vec<Sealed>, Error> {
    plan.order().iter().map(|plugin| Sealed::new(plugin)).collect()
}
