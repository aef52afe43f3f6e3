//! What a run left behind, read as a user would and as the report does.

use stormdb_process::{
    journal,
    runs::{RunFolder, Runs},
};
use stormdb_run::{
    event::RunEvent,
    record::{BandRecord, BandStatus, RunRecord},
};

use crate::lab::{Lab, run};

/// The latest run of a lab.
#[derive(Debug)]
pub struct Stored {
    pub record: RunRecord,
    /// Bytes of a record that was being written when the run was killed.
    pub truncated: Option<u64>,
}

impl Stored {
    /// Reads the journal of the latest run; nothing where no run has begun.
    pub fn latest(lab: &Lab) -> Option<Self> {
        let RunFolder { path, .. } = Runs::new(lab.runs()).latest().expect("a folder of runs")?;
        let contents = journal::read::<RunEvent>(&path.join("journal")).expect("a journal");
        let truncated = contents.truncated;
        let record = RunRecord::from_events(contents.records).expect("a record");
        Some(Self { record, truncated })
    }

    /// Each band with `finished`, `interrupted`, or the id of its failure.
    pub fn bands(&self) -> Vec<(u32, String)> {
        self.record.bands.iter().map(|band| (band.plan.index, fate(band))).collect()
    }
}

fn fate(band: &BandRecord) -> String {
    match &band.status {
        BandStatus::Finished { .. } => "finished".to_owned(),
        BandStatus::Failed { failure } => failure.id.clone(),
        BandStatus::Interrupted => "interrupted".to_owned(),
    }
}

/// Each band of the latest run as `stormdb runs show` has it, in the form of [`Stored::bands`].
pub fn shown(lab: &Lab) -> Vec<(u32, String)> {
    let ended = run(&mut lab.stormdb(&["runs", "show", "latest", "--json"]));
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let document = ended.json();
    let bands = document["bands"].as_array().expect("bands").iter();
    let bands = bands.map(|band| {
        let index = band["band"].as_u64().and_then(|index| index.try_into().ok());
        let status = band["failure"]["id"].as_str().or(band["status"].as_str());
        (index.expect("a number"), status.expect("a status").to_owned())
    });
    bands.collect()
}

/// The rows of `stormdb report --format csv` for the latest run: column name to cell.
pub fn reported(lab: &Lab) -> Vec<Vec<(String, String)>> {
    let ended = run(&mut lab.stormdb(&["report", "latest", "--format", "csv"]));
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    rows(&ended.stdout)
}

/// The rows of a CSV text without quoted cells.
pub fn rows(text: &str) -> Vec<Vec<(String, String)>> {
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned));
    let head: Vec<String> = lines.next().into_iter().flatten().collect();
    lines.map(|line| head.iter().cloned().zip(line).collect()).collect()
}

/// The cell of a column.
pub fn cell<'a>(row: &'a [(String, String)], column: &str) -> &'a str {
    let found = row.iter().find(|(name, _)| name == column);
    found.map_or_else(|| panic!("no column {column}"), |(_, cell)| cell.as_str())
}
