//! Everything that happens in a run, as one closed enum: the journal keeps these, the terminal and
//! every other sink listens to them.

use serde::{Deserialize, Serialize};

use crate::{
    ending::BandEnding,
    evidence::BandEvidence,
    measurement::{BandMeasurement, Interval, Phase},
    plan::{BandPlan, SearchEnd},
    record::{Outcome, RunHeader},
};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum RunEvent {
    /// First in every journal.
    RunStarted { header: Box<RunHeader> },
    /// `done` of `total` `unit`s of a set-up stage, added up over its parts.
    SetupProgress { stage: String, done: u64, total: u64, unit: String },
    /// A set-up stage ended.
    SetupStageFinished { stage: String, seconds: f64 },
    /// A band begins; `attempt` counts from 1.
    BandStarted { band: BandPlan, attempt: u32 },
    /// The band entered a phase.
    BandPhase { band: u32, phase: Phase },
    /// An interval of a band closed.
    Interval { band: u32, interval: Interval },
    /// The measured phase of a band with a stopping rule ended; before [`RunEvent::BandFinished`].
    BandEnding { band: u32, ending: BandEnding },
    /// A band ended as planned.
    BandFinished { band: u32, measurement: Box<BandMeasurement> },
    /// What was seen of the server beside the last band that ended; comes after `BandFinished`.
    Evidence { band: u32, evidence: Box<BandEvidence> },
    /// A band ended without a measurement.
    BandFailed { band: u32, failure: Failure },
    /// An adaptive ladder places no further band.
    SearchEnded { end: SearchEnd },
    /// A named result of the workload.
    Reported { kind: String, value: serde_json::Value },
    /// What the workload found when it checked its data.
    Checked { checks: Vec<Check> },
    /// Something that a reader of the report must know.
    Warned { warning: Failure },
    /// A line of log of the load process or its plugins.
    Logged { level: String, target: String, message: String },
    /// Last in the journal of a run that was not killed.
    RunFinished { outcome: Outcome },
}

/// A named reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Stable kebab-case identifier, such as `plugin-crashed:SIGABRT`.
    pub id: String,
    /// One sentence with the object, the reason and the next step.
    pub message: String,
}

/// One condition that a workload checked on its data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    pub name: String,
    pub passed: bool,
    pub finding: String,
}
