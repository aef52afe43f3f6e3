//! What was run already: a line for each run, so that a later call goes on.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

/// One finished run of a scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) scenario: String,
    /// From 1.
    pub(super) strength: usize,
    /// From 1.
    pub(super) repeat: usize,
    /// Version of PostgreSQL.
    pub(super) server: String,
    /// Seconds of a band.
    pub(super) band: u64,
    /// Whether load and server had processors of their own.
    pub(super) apart: bool,
    /// Of the record.
    pub(super) run: String,
}

/// The lines, and where they are.
#[derive(Debug)]
pub(super) struct Ledger {
    path: PathBuf,
    pub(super) entries: Vec<Entry>,
}

impl Ledger {
    /// Reads it; there is none before the first run.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            read => read.with_context(|| format!("cannot read {}", path.display()))?,
        };
        let entries =
            text.lines().map(serde_json::from_str).collect::<Result<_, _>>().with_context(
                || format!("{} is no ledger; `--fresh` begins anew", path.display()),
            )?;
        Ok(Self { path: path.to_owned(), entries })
    }

    /// Whether this run was made, under the same conditions.
    pub(super) fn has(&self, wanted: &Entry) -> bool {
        self.entries.iter().any(|made| Entry { run: wanted.run.clone(), ..made.clone() } == *wanted)
    }

    /// Writes a line at once: what was measured is kept.
    pub(super) fn add(&mut self, entry: Entry) -> Result<()> {
        let line = serde_json::to_string(&entry)?;
        let mut file = OpenOptions::new().create(true).append(true).open(&self.path)?;
        writeln!(file, "{line}")
            .with_context(|| format!("cannot write {}", self.path.display()))?;
        self.entries.push(entry);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Ledger};

    #[test]
    fn a_run_is_made_once_under_the_same_conditions() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("runs.jsonl");
        let mut ledger = Ledger::open(&path).unwrap();
        let entry = Entry {
            scenario: "3".to_owned(),
            strength: 1,
            repeat: 2,
            server: "18.4".to_owned(),
            band: 8,
            apart: true,
            run: "20250101-000000".to_owned(),
        };
        assert!(!ledger.has(&entry));
        ledger.add(entry.clone()).unwrap();
        let again = Ledger::open(&path).unwrap();
        assert!(again.has(&Entry { run: String::new(), ..entry.clone() }));
        assert!(!again.has(&Entry { band: 20, ..entry.clone() }));
        assert!(!again.has(&Entry { repeat: 3, ..entry }));
    }
}
