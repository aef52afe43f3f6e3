//! What `attach` finds and `worker` needs.

use std::sync::{Mutex, PoisonError};

use stormdb_plugin_api::{Error, Result};

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
