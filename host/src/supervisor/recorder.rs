//! Where events go: the journal first, then the record, the terminal and the exported files.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use stormdb_process::journal::Journal;
use stormdb_report::{export::ExportPlan, model::Report};
use stormdb_run::{
    event::{Failure, RunEvent},
    record::{RunHeader, RunRecord},
};

use crate::{failure::CommandError, progress::Progress};

/// At most this much of a run is lost to a power cut.
const SYNC_PAUSE: Duration = Duration::from_secs(10);

/// The one place that every event of a run passes through.
pub(crate) struct Recorder {
    journal: Journal,
    synced: Instant,
    record: RunRecord,
    progress: Progress,
    exports: ExportPlan,
    written: Vec<PathBuf>,
    export_failure: Option<CommandError>,
}

impl Recorder {
    /// Begins the journal with the run's header.
    pub(crate) fn begin(
        journal: Journal,
        header: RunHeader,
        exports: ExportPlan,
        progress: Progress,
    ) -> Result<Self, CommandError> {
        let mut recorder = Self {
            journal,
            synced: Instant::now(),
            record: RunRecord::new(header.clone()),
            progress,
            exports,
            written: Vec::new(),
            export_failure: None,
        };
        recorder.append(&RunEvent::RunStarted { header: Box::new(header) }, true)?;
        recorder.progress.run_started(&recorder.record);
        Ok(recorder)
    }

    /// Keeps and shows one event.
    ///
    /// # Errors
    /// The journal cannot be written; a run whose results cannot be kept must not go on.
    pub(crate) fn event(&mut self, event: &RunEvent) -> Result<(), CommandError> {
        let closes = matches!(
            event,
            RunEvent::BandFinished { .. }
                | RunEvent::BandFailed { .. }
                | RunEvent::Evidence { .. }
                | RunEvent::Reported { .. }
                | RunEvent::Checked { .. }
                | RunEvent::RunFinished { .. }
        );
        // Progress is for the eyes; a journal of it would only grow.
        if !matches!(event, RunEvent::SetupProgress { .. }) {
            self.append(event, closes)?;
        }
        let band_ended = matches!(
            event,
            RunEvent::BandFinished { .. } | RunEvent::BandFailed { .. } | RunEvent::Evidence { .. }
        );
        if let RunEvent::Logged { level, target, message } = event {
            log(level, target, message);
        }
        self.record.apply(event.clone());
        self.progress.event(event, &self.record);
        if band_ended || matches!(event, RunEvent::RunFinished { .. }) {
            self.export();
        }
        Ok(())
    }

    /// The run as far as it came.
    pub(crate) fn record(&self) -> &RunRecord {
        &self.record
    }

    /// Something that a reader of the report must know.
    pub(crate) fn warn(&mut self, id: &str, message: String) -> Result<(), CommandError> {
        self.event(&RunEvent::Warned { warning: Failure { id: id.to_owned(), message } })
    }

    /// Ends the progress display; what is left is the record, the files, and what hindered them.
    pub(crate) fn finish(self) -> (RunRecord, Vec<PathBuf>, Option<CommandError>) {
        self.progress.finish();
        (self.record, self.written, self.export_failure)
    }

    fn append(&mut self, event: &RunEvent, closes: bool) -> Result<(), CommandError> {
        self.journal.append(event)?;
        if closes || self.synced.elapsed() >= SYNC_PAUSE {
            self.journal.sync()?;
            self.synced = Instant::now();
        }
        Ok(())
    }

    /// The files are another form of the journal: a failure to write them fails no band.
    fn export(&mut self) {
        let written = Report::of(&self.record).and_then(|report| self.exports.write(&report));
        match written {
            Ok(written) => {
                self.written = written;
                self.export_failure = None;
            }
            Err(error) => {
                let error = CommandError::from(error);
                if self.export_failure.is_none() {
                    self.progress.fail(&error);
                }
                self.export_failure = Some(error);
            }
        }
    }
}

/// A line of log of a plugin, among the supervisor's own.
fn log(level: &str, plugin: &str, message: &str) {
    match level {
        "error" => tracing::error!(target: "plugin", plugin, "{message}"),
        "warn" => tracing::warn!(target: "plugin", plugin, "{message}"),
        "info" => tracing::info!(target: "plugin", plugin, "{message}"),
        "debug" => tracing::debug!(target: "plugin", plugin, "{message}"),
        _ => tracing::trace!(target: "plugin", plugin, "{message}"),
    }
}
