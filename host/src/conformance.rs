//! What every workload must hold: the steps of `stormdb plugin check`, and what they found.

mod comparison;
pub(crate) mod course;
mod description;
pub(crate) mod report;
pub(crate) mod server;
mod steps;

use std::fmt;

use serde::Serialize;

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Verdict {
    Passed,
    Failed,
    /// An earlier step failed without which this one says nothing.
    NotReached,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Passed => "passed",
            Self::Failed => "FAILED",
            Self::NotReached => "not reached",
        })
    }
}

/// `1 table`, `2 tables`.
fn tables(count: usize) -> String {
    format!("{count} table{}", if count == 1 { "" } else { "s" })
}

/// One step of a workload's course.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Step {
    pub(crate) step: String,
    pub(crate) verdict: Verdict,
    pub(crate) finding: String,
}

/// A workload that was taken through the course.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct CheckedWorkload {
    pub(crate) workload: String,
    pub(crate) scale: u64,
    pub(crate) scale_unit: String,
    pub(crate) steps: Vec<Step>,
}

impl CheckedWorkload {
    /// Whether every step was reached and passed.
    pub(crate) fn passed(&self) -> bool {
        self.steps.iter().all(|step| step.verdict == Verdict::Passed)
    }
}
