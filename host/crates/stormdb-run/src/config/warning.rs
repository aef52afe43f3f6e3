//! What is odd about a configuration or a plan, but is no reason to refuse it.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A warning: a stable id, a sentence with the next step, and the place if it has one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    pub id: WarningId,
    pub message: String,
    /// `file:line:column`, or the variable or flag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// The kinds of warnings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WarningId {
    /// A key that is accepted and has no effect.
    NoEffect,
    PasswordInFile,
    PasswordFileIgnored,
    /// A `PG*` variable that the file overrides.
    VariableOverridden,
    StepsIgnored,
    ShortMeasurement,
    WorkersAboveConnections,
    LongRun,
    GridCapped,
    BandsReduced,
    LimitAssumed,
    BeyondServer,
}

impl Warning {
    pub(crate) fn new(id: WarningId, message: String) -> Self {
        Self { id, message, place: None }
    }

    pub(crate) fn at(id: WarningId, place: &impl fmt::Display, message: String) -> Self {
        Self { id, message, place: Some(place.to_string()) }
    }
}

/// `place: message`.
impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = &self.place {
            write!(f, "{place}: ")?;
        }
        f.write_str(&self.message)
    }
}
