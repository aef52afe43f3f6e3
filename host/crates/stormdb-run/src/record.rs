//! The record of a run: what the journal's events add up to, and all that a report is made from.

use serde::{Deserialize, Serialize};

use crate::{
    ending::BandEnding,
    event::{Check, Failure, RunEvent},
    evidence::BandEvidence,
    measurement::{BandMeasurement, Interval, Phase},
    plan::{BandPlan, RunPlan, SearchEnd},
};

/// Version of the events in a journal. A reader refuses a newer one and reads every older one;
/// fields are only ever added, with a default.
pub const FORMAT_VERSION: u32 = 3;

/// What is known of a run before its first band.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunHeader {
    pub format_version: u32,
    /// `YYYYMMDD-HHMMSS`, with a suffix where two runs began in one second.
    pub id: String,
    pub started_at: jiff::Zoned,
    pub stormdb_version: String,
    /// The mode that was asked for, such as `imdb_read`.
    pub workload: String,
    pub scale: u64,
    /// What one unit of scale is, such as `movies`.
    pub scale_unit: String,
    /// Seed of every worker's draws.
    pub seed: u64,
    /// The resolved configuration, without secrets.
    pub configuration: serde_json::Value,
    pub plan: RunPlan,
    /// What the target said of itself: version, settings, limits.
    pub server: Option<serde_json::Value>,
    /// Server name for people, such as `PostgreSQL 18.4 (embedded)`.
    pub server_title: String,
    /// Every plugin that ran, dependencies first.
    pub plugins: Vec<PluginIdentity>,
    pub machine: Machine,
}

/// Which bytes ran, signed by whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginIdentity {
    pub name: String,
    pub version: String,
    pub author: String,
    /// `SHA256:…` of the author's key, as ssh-keygen prints it.
    pub key_fingerprint: String,
    /// Of the library, lower-case hexadecimal.
    pub sha256: String,
}

/// The machine that made the load.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    pub cores: u32,
    pub memory_bytes: Option<u64>,
    pub kernel: String,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// Every planned band ran or failed by its own fault.
    Complete { exit_code: u8 },
    /// Ended before the last band; what was measured is kept.
    Stopped { exit_code: u8, failure: Failure },
}

/// What became of a band.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum BandStatus {
    Finished {
        measurement: Box<BandMeasurement>,
    },
    Failed {
        failure: Failure,
    },
    /// The journal ends in the middle of the band.
    Interrupted,
}

/// One band that began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BandRecord {
    pub plan: BandPlan,
    pub attempt: u32,
    /// Closed intervals of the measured phase.
    pub intervals: Vec<Interval>,
    pub status: BandStatus,
    /// What was seen of the server meanwhile; nothing where nobody looked, and in older records.
    #[serde(default)]
    pub evidence: Option<Box<BandEvidence>>,
    /// Absent without a stopping rule, and where something else ended the band.
    #[serde(default)]
    pub ending: Option<BandEnding>,
}

impl BandRecord {
    /// The measurement of a finished band.
    #[must_use]
    pub fn measurement(&self) -> Option<&BandMeasurement> {
        match &self.status {
            BandStatus::Finished { measurement } => Some(measurement),
            BandStatus::Failed { .. } | BandStatus::Interrupted => None,
        }
    }
}

/// A run, complete or as far as it came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    pub header: RunHeader,
    /// In the order in which they began; the last attempt of each band.
    pub bands: Vec<BandRecord>,
    pub warnings: Vec<Failure>,
    /// Named results of the workload, in the order in which they came.
    pub reported: Vec<(String, serde_json::Value)>,
    pub checks: Vec<Check>,
    /// Why an adaptive ladder placed no further band; absent for other ladders, and while it goes on.
    #[serde(default)]
    pub search_end: Option<SearchEnd>,
    /// Nothing where the journal has no end: the run was killed or still goes on.
    pub outcome: Option<Outcome>,
}

/// Why events are no record.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RecordError {
    #[error("the journal is empty: the run was killed before it began")]
    Empty,
    #[error("the journal begins with another event than `run-started`")]
    NoHeader,
    #[error(
        "the journal has format version {found}, this program reads up to {FORMAT_VERSION}; \
         use a newer stormdb"
    )]
    Newer { found: u32 },
}

impl RunRecord {
    /// Adds up the events of a journal.
    ///
    /// # Errors
    /// There is no header, or it is of a newer format.
    pub fn from_events(events: impl IntoIterator<Item = RunEvent>) -> Result<Self, RecordError> {
        let mut events = events.into_iter();
        let header = match events.next() {
            None => return Err(RecordError::Empty),
            Some(RunEvent::RunStarted { header }) => *header,
            Some(_) => return Err(RecordError::NoHeader),
        };
        if header.format_version > FORMAT_VERSION {
            return Err(RecordError::Newer { found: header.format_version });
        }
        let mut record = Self::new(header);
        events.for_each(|event| record.apply(event));
        Ok(record)
    }

    /// A run that has not begun its first band.
    #[must_use]
    pub fn new(header: RunHeader) -> Self {
        Self {
            header,
            bands: Vec::new(),
            warnings: Vec::new(),
            reported: Vec::new(),
            checks: Vec::new(),
            search_end: None,
            outcome: None,
        }
    }

    /// Adds one event.
    pub fn apply(&mut self, event: RunEvent) {
        match event {
            RunEvent::BandStarted { band, attempt } => {
                self.bands.retain(|begun| begun.plan.index != band.index);
                self.bands.push(BandRecord {
                    plan: band,
                    attempt,
                    intervals: Vec::new(),
                    status: BandStatus::Interrupted,
                    evidence: None,
                    ending: None,
                });
            }
            RunEvent::Interval { band, interval } if interval.phase == Phase::Measure => {
                if let Some(record) = self.band_mut(band) {
                    record.intervals.push(interval);
                }
            }
            RunEvent::BandFinished { band, measurement } => {
                if let Some(record) = self.band_mut(band) {
                    record.status = BandStatus::Finished { measurement };
                }
            }
            RunEvent::BandFailed { band, failure } => {
                if let Some(record) = self.band_mut(band) {
                    record.status = BandStatus::Failed { failure };
                }
            }
            RunEvent::Evidence { band, evidence } => {
                if let Some(record) = self.band_mut(band) {
                    record.evidence = Some(evidence);
                }
            }
            RunEvent::BandEnding { band, ending } => {
                if let Some(record) = self.band_mut(band) {
                    record.ending = Some(ending);
                }
            }
            RunEvent::SearchEnded { end } => self.search_end = Some(end),
            RunEvent::Reported { kind, value } => self.reported.push((kind, value)),
            RunEvent::Checked { checks } => self.checks = checks,
            RunEvent::Warned { warning } => self.warnings.push(warning),
            RunEvent::RunFinished { outcome } => self.outcome = Some(outcome),
            RunEvent::RunStarted { .. }
            | RunEvent::SetupProgress { .. }
            | RunEvent::SetupStageFinished { .. }
            | RunEvent::BandPhase { .. }
            | RunEvent::Interval { .. }
            | RunEvent::Logged { .. } => {}
        }
    }

    fn band_mut(&mut self, index: u32) -> Option<&mut BandRecord> {
        self.bands.iter_mut().find(|band| band.plan.index == index)
    }

    /// The bands that were measured, with their measurements.
    pub fn measured(&self) -> impl Iterator<Item = (&BandRecord, &BandMeasurement)> {
        self.bands.iter().filter_map(|band| Some((band, band.measurement()?)))
    }
}
