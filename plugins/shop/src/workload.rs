//! What both workloads say and keep in the same way.

use std::sync::{Mutex, PoisonError};

use stormdb_plugin_api::{
    Error, Outcome, Result, Rows,
    describe::{Class, Operation},
};

/// A weight for each read and one for each write; those of weight 0 are left out.
#[must_use]
pub fn mix(operations: &[Operation], read: u32, write: u32) -> Vec<(&str, u32)> {
    let weight = |class| if class == Class::Read { read } else { write };
    let weighted =
        operations.iter().map(|operation| (operation.name.as_str(), weight(operation.class)));
    weighted.filter(|&(_, weight)| weight > 0).collect()
}

/// What was found when the workload was attached.
pub struct Attached<S>(Mutex<Option<S>>);

impl<S> Default for Attached<S> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<S: Copy> Attached<S> {
    /// Keeps what was found.
    pub fn set(&self, found: S) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(found);
    }

    /// What was found.
    ///
    /// # Errors
    /// Nothing was yet.
    pub fn get(&self) -> Result<S> {
        let found = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        found.ok_or_else(|| Error::protocol("`worker` was called before `attach`"))
    }
}

/// The outcome of a read of one row whose first column is the `id` that was asked for.
///
/// # Errors
/// None came, several did, or another.
pub fn the_one(rows: &Rows<'_>, what: &str, id: i32) -> Result<Outcome> {
    let read: i32 = rows.one()?.get(0)?;
    if read != id {
        return Err(Error::workload(format!("{what} {read} came, {id} was asked for")));
    }
    Ok(Outcome::read(1))
}
