//! The files of a run under the documented names, whole at any moment.

use std::{
    fs::Permissions,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use tempfile::{Builder, NamedTempFile};

use crate::{ReportError, format::Format, model::Report};

/// Where the files of a run go, and in which formats.
#[derive(Clone, Debug)]
pub struct ExportPlan {
    /// Created when it is missing.
    pub folder: PathBuf,
    pub formats: Vec<&'static Format>,
}

impl ExportPlan {
    /// Writes every format, each over its file of the bands before; a reader finds the old file or the new one.
    ///
    /// # Errors
    /// [`ReportError::Storage`] names the path; files that were there are untouched.
    pub fn write(&self, report: &Report<'_>) -> Result<Vec<PathBuf>, ReportError> {
        self.formats
            .iter()
            .map(|format| {
                let path = self.folder.join(file_name(&report.record.header.id, format));
                replace(&self.folder, &path, &format.render(report)?)?;
                Ok(path)
            })
            .collect()
    }

    /// Tries whether a file can be written, and leaves nothing behind: to be done before a run, not after it.
    ///
    /// # Errors
    /// [`ReportError::Storage`] names the folder.
    pub fn check(&self) -> Result<(), ReportError> {
        if self.formats.is_empty() {
            return Ok(());
        }
        let missing: Vec<&Path> =
            self.folder.ancestors().take_while(|folder| !folder.exists()).collect();
        let tried = self.try_file();
        // The innermost first; what someone else has put there since keeps its folder.
        missing.iter().for_each(|folder| drop(std::fs::remove_dir(folder)));
        tried
    }

    fn try_file(&self) -> Result<(), ReportError> {
        let mut file = temporary(&self.folder)?;
        file.write_all(b"x").map_err(failed("write a file into", &self.folder))?;
        file.close().map_err(failed("remove a file from", &self.folder))
    }
}

/// `progressive_scaling_results_YYYYMMDD_HHMMSS.EXT`: the time is that of the run's id, and so is the number that tells
/// apart runs of one second.
fn file_name(run: &str, format: &Format) -> String {
    let time: String = run
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' })
        .collect();
    format!("progressive_scaling_results_{time}.{}", format.extension)
}

fn replace(folder: &Path, path: &Path, text: &str) -> Result<(), ReportError> {
    let mut file = temporary(folder)?;
    file.write_all(text.as_bytes()).map_err(failed("write", path))?;
    file.as_file().sync_all().map_err(failed("write", path))?;
    file.persist(path).map_err(|error| failed("replace", path)(error.error))?;
    Ok(())
}

fn temporary(folder: &Path) -> Result<NamedTempFile, ReportError> {
    std::fs::create_dir_all(folder).map_err(failed("create the folder", folder))?;
    Builder::new()
        .prefix(".stormdb-")
        // Exports are for others to read; the umask decides.
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)
        .map_err(failed("write a file into", folder))
}

fn failed(step: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> ReportError {
    let path = path.to_owned();
    move |source| ReportError::Storage { step, path, source }
}
