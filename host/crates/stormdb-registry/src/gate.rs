//! The static gate over a whole plan: every library is looked into before any of them is sealed.

use crate::Error;
use crate::elf::inspect;
use crate::resolve::LoadPlan;
use crate::seal::Sealed;

/// A plan whose libraries the dynamic linker may have.
#[derive(Debug)]
pub struct Gated<'a>(LoadPlan<'a>);

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

impl Gated<'_> {
    /// Copies the verified bytes of each library into memory that nobody can change any more. In load order.
    ///
    /// # Errors
    /// `seal-failed`.
    pub fn seal(&self) -> Result<Vec<Sealed>, Error> {
        self.0.order().iter().map(|plugin| Sealed::new(plugin)).collect()
    }
}
