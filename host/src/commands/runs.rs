//! `stormdb runs`: the stored runs.

use std::path::Path;

use stormdb_process::{
    journal,
    runs::{RunFolder, Runs},
};
use stormdb_report::{
    model::Report,
    runs as render,
    runs::{RunEntry, RunSummary},
};
use stormdb_run::{
    event::{Failure, RunEvent},
    exit::Exit,
    record::{RecordError, RunRecord},
};

use crate::{cli::RunsCommand, failure::CommandError, output::print, places, progress::style};

pub(crate) fn execute(command: &RunsCommand) -> Result<Exit, CommandError> {
    match command {
        RunsCommand::List { json } => list(*json),
        RunsCommand::Show { run, json } => show(run, *json),
    }
}

fn list(json: bool) -> Result<Exit, CommandError> {
    let mut entries = Vec::new();
    for folder in Runs::new(places::runs_folder()?).list()?.iter().rev() {
        match read(folder) {
            Ok(record) => entries.push(RunEntry::Readable(RunSummary::of(&record))),
            // One damaged run must not hide the others.
            Err(error) => entries
                .push(RunEntry::Unreadable { id: folder.id.to_string(), error: error.message }),
        }
    }
    if json {
        print(&render::list_json(&entries).map_err(|error| json_failed(&error))?)?;
    } else {
        print(&render::list_text(&entries, style()))?;
    }
    Ok(Exit::Success)
}

fn show(run: &str, json: bool) -> Result<Exit, CommandError> {
    let record = find(run)?;
    if json {
        print(&render::show_json(&Report::of(&record)?).map_err(|error| json_failed(&error))?)?;
    } else {
        print(&render::show_text(&Report::of(&record)?, style()))?;
    }
    Ok(Exit::Success)
}

fn json_failed(error: &serde_json::Error) -> CommandError {
    CommandError::new(Exit::Storage, "json-failed", format!("the run has no JSON form: {error}"))
}

/// The record of the run with this id, or of the latest one.
pub(crate) fn find(run: &str) -> Result<RunRecord, CommandError> {
    let runs = Runs::new(places::runs_folder()?);
    let folder = if run == "latest" {
        runs.latest()?.ok_or_else(|| {
            CommandError::usage("run-missing", "no run is stored yet; make one with `stormdb run`")
        })?
    } else {
        let id = run.parse().map_err(|_malformed| missing(run))?;
        runs.find(&id).map_err(|_absent| missing(run))?
    };
    read(&folder)
}

fn missing(run: &str) -> CommandError {
    let message = format!("no run `{run}` is stored; `stormdb runs list` shows what is");
    CommandError::usage("run-missing", message)
}

fn read(folder: &RunFolder) -> Result<RunRecord, CommandError> {
    read_journal(&folder.journal())
}

/// The record that a journal holds, complete or as far as it goes.
pub(crate) fn read_journal(path: &Path) -> Result<RunRecord, CommandError> {
    let contents = journal::read::<RunEvent>(path)?;
    let mut record =
        RunRecord::from_events(contents.records).map_err(|error| unreadable(path, &error))?;
    if let Some(bytes) = contents.truncated {
        let message = format!(
            "the journal ends in {bytes} bytes of an unfinished record; everything before it is shown"
        );
        record.warnings.push(Failure { id: "journal-cut".to_owned(), message });
    }
    Ok(record)
}

fn unreadable(path: &Path, error: &RecordError) -> CommandError {
    CommandError::new(Exit::Storage, "journal-unreadable", format!("{}: {error}", path.display()))
}
