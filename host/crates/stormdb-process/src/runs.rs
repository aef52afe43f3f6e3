//! The runs kept on this machine: one folder each, named by the run's id, with the journal in it.

use std::{
    fmt,
    fs::DirBuilder,
    io::ErrorKind,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    str::FromStr,
};

use jiff::Timestamp;

use crate::{StorageError, journal::sync_folder_of};

/// The most runs that may start within one second.
const RUNS_PER_SECOND: u32 = 1000;

/// A folder of runs, such as `$XDG_DATA_HOME/stormdb/runs`. It need not exist before the first run.
#[derive(Debug, Clone)]
pub struct Runs {
    folder: PathBuf,
}

/// A run's id: the second of its start in UTC as `YYYYMMDD-HHMMSS`, and for further runs of that second a number from
/// 2 on, as in `20250131-142503-2`. Ids sort in the order in which the runs began.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId {
    second: String,
    number: u32,
}

/// The place of one run's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunFolder {
    pub id: RunId,
    pub path: PathBuf,
}

impl Runs {
    pub fn new(folder: PathBuf) -> Self {
        Runs { folder }
    }

    /// Creates the folder of a new run, readable by its owner only, and makes it durable.
    pub fn create(&self, started: Timestamp) -> Result<RunFolder, StorageError> {
        let failed = |step, path: &Path| {
            let path = path.to_owned();
            move |source| StorageError::Io { step, path, source }
        };
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(&self.folder).map_err(failed("create the folder", &self.folder))?;
        builder.recursive(false);
        let second = started.strftime("%Y%m%d-%H%M%S").to_string();
        for number in 1..=RUNS_PER_SECOND {
            let run = self.place(RunId { second: second.clone(), number });
            match builder.create(&run.path) {
                Ok(()) => {
                    sync_folder_of(&run.path)?;
                    return Ok(run);
                }
                // Two runs may begin in the same second, in two processes as well.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed("create the folder", &run.path)(error)),
            }
        }
        Err(StorageError::NoFreeId { at: second, folder: self.folder.clone() })
    }

    /// The runs there are, oldest first. Whatever else is in the folder is left out.
    pub fn list(&self) -> Result<Vec<RunFolder>, StorageError> {
        let failed = |source| StorageError::Io { step: "list", path: self.folder.clone(), source };
        let entries = match std::fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut runs = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let id = entry.file_name().to_str().and_then(|name| name.parse::<RunId>().ok());
            if let Some(id) = id
                && entry.file_type().map_err(failed)?.is_dir()
            {
                runs.push(self.place(id));
            }
        }
        runs.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(runs)
    }

    /// The run that began last, if there is one.
    pub fn latest(&self) -> Result<Option<RunFolder>, StorageError> {
        Ok(self.list()?.pop())
    }

    /// The run of this id, which must exist.
    pub fn find(&self, id: &RunId) -> Result<RunFolder, StorageError> {
        let run = self.place(id.clone());
        if run.path.is_dir() {
            Ok(run)
        } else {
            Err(StorageError::NoSuchRun { id: id.to_string(), folder: self.folder.clone() })
        }
    }

    fn place(&self, id: RunId) -> RunFolder {
        RunFolder { path: self.folder.join(id.to_string()), id }
    }
}

impl RunFolder {
    pub fn journal(&self) -> PathBuf {
        self.path.join("journal")
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.number {
            1 => f.write_str(&self.second),
            number => write!(f, "{}-{number}", self.second),
        }
    }
}

impl FromStr for RunId {
    type Err = StorageError;

    /// Accepts exactly what an id prints as, so an id never leads out of the folder of runs.
    fn from_str(text: &str) -> Result<Self, StorageError> {
        parse(text)
            .filter(|id| id.to_string() == text)
            .ok_or_else(|| StorageError::NotARunId { id: text.to_owned() })
    }
}

fn parse(text: &str) -> Option<RunId> {
    let (second, rest) = text.split_at_checked("YYYYMMDD-HHMMSS".len())?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (date, time) = second.split_once('-')?;
    if date.len() != 8 || !digits(date) || !digits(time) {
        return None;
    }
    let number = match rest {
        "" => 1,
        rest => rest.strip_prefix('-')?.parse().ok().filter(|number| *number > 1)?,
    };
    Some(RunId { second: second.to_owned(), number })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn ids(runs: &[RunFolder]) -> Vec<String> {
        runs.iter().map(|run| run.id.to_string()).collect()
    }

    #[test]
    fn runs_are_listed_in_the_order_of_their_start() {
        let base = tempfile::tempdir().unwrap();
        let runs = Runs::new(base.path().join("stormdb/runs"));
        assert_eq!(runs.list().unwrap(), []);
        assert_eq!(runs.latest().unwrap(), None);

        for _ in 0..11 {
            runs.create(at("2025-01-31T14:25:03.9Z")).unwrap();
        }
        let last = runs.create(at("2025-01-31T15:25:04+01:00")).unwrap();
        runs.create(at("2024-12-31T23:59:59Z")).unwrap();
        std::fs::write(base.path().join("stormdb/runs/20991231-000000"), "not a folder").unwrap();
        std::fs::create_dir(base.path().join("stormdb/runs/notes")).unwrap();

        let mut expected = vec!["20241231-235959".to_owned(), "20250131-142503".to_owned()];
        expected.extend((2..=11).map(|number| format!("20250131-142503-{number}")));
        expected.push("20250131-142504".to_owned());
        assert_eq!(ids(&runs.list().unwrap()), expected);
        assert_eq!(runs.latest().unwrap(), Some(last.clone()));
        assert_eq!(last.journal(), base.path().join("stormdb/runs/20250131-142504/journal"));
    }

    #[test]
    fn a_run_is_for_its_owner_only() {
        use std::os::unix::fs::PermissionsExt;
        let base = tempfile::tempdir().unwrap();
        let runs = Runs::new(base.path().join("runs"));
        let run = runs.create(at("2025-01-31T14:25:03Z")).unwrap();
        let mode = std::fs::metadata(&run.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }

    #[test]
    fn a_run_is_found_by_its_id_or_named_as_missing() {
        let base = tempfile::tempdir().unwrap();
        let runs = Runs::new(base.path().to_owned());
        let run = runs.create(at("2025-01-31T14:25:03Z")).unwrap();
        assert_eq!(runs.find(&run.id).unwrap(), run);
        let error = runs.find(&"20250131-142504".parse().unwrap()).unwrap_err();
        assert!(error.to_string().starts_with("no run `20250131-142504` in "), "{error}");
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in [
            "",
            "latest",
            "../../etc",
            "20250131-1425",
            "20250131-142503-",
            "20250131-142503-1",
            "20250131-142503-02",
            "20250131-142503/..",
            "2025013é-14250",
            "20250131x142503",
            "20250131-1425+3",
            "+0250131-142503",
        ] {
            let error = text.parse::<RunId>().unwrap_err();
            assert!(error.to_string().starts_with(&format!("`{text}` is not a run id")), "{error}");
        }
    }
}
