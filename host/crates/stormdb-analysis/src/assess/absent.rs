//! Why a finding is not there.

use serde::{Deserialize, Serialize};

use super::RegionsAbsent;

/// A reason for the absence of a finding that is not a refusal of the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Absent {
    /// No band finished.
    NoBands,
    /// Fewer bands than it takes.
    FewBands,
    /// All bands have the same workers.
    WorkersConstant,
    /// Several bands have the same workers.
    WorkersRepeat,
    /// Operations arrived at a given rate.
    OpenLoop,
    /// A band has no interval of its throughput.
    NoInterval,
    /// No source says how long the service itself takes.
    NoServiceTime,
    /// No cost was given.
    NoCost,
    /// It was asked not to be computed.
    SwitchedOff,
}

impl From<RegionsAbsent> for Absent {
    fn from(absent: RegionsAbsent) -> Self {
        match absent {
            RegionsAbsent::NoBands => Self::NoBands,
            RegionsAbsent::WorkersConstant => Self::WorkersConstant,
            RegionsAbsent::WorkersRepeat => Self::WorkersRepeat,
            RegionsAbsent::OpenLoop => Self::OpenLoop,
        }
    }
}
