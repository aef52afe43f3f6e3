//! Writing files whole: beside the target, synced, then renamed over it, so that no reader sees half of one.

use std::fs::{DirBuilder, File};
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, OFlags, RenameFlags, fsync, open, renameat_with, unlink};
use rustix::io::Errno;

use crate::Error;

/// What to do when the target exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overwrite {
    Refuse,
    Replace,
}

/// Writes `bytes` to `path` with exactly `mode`, whatever the umask.
pub(crate) fn write(
    path: &Path,
    bytes: &[u8],
    mode: Mode,
    overwrite: Overwrite,
) -> Result<(), Error> {
    let draft = draft_path(path)?;
    let written = write_new(&draft, bytes, mode).and_then(|()| rename(&draft, path, overwrite));
    if written.is_err() {
        // The draft may not exist; the first error is the one to report.
        let _ignored = unlink(&draft);
    }
    written
}

/// Creates a folder and those above it that are missing, writable by us alone whatever the umask.
pub(crate) fn create_folders(path: &Path) -> Result<(), Error> {
    if path.as_os_str().is_empty() {
        return Ok(());
    }
    let created = DirBuilder::new().recursive(true).mode(0o755).create(path);
    created.map_err(|error| Error::Io {
        action: "create",
        path: path.to_owned(),
        source: Errno::from_io_error(&error).unwrap_or(Errno::IO),
    })
}

/// Writes a file that does not exist yet and syncs it.
pub(crate) fn write_new(path: &Path, bytes: &[u8], mode: Mode) -> Result<(), Error> {
    let failed = |source| Error::Io { action: "write", path: path.to_owned(), source };
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let fd = open(path, flags, Mode::from_raw_mode(0o600)).map_err(failed)?;
    let mut file = File::from(fd);
    file.write_all(bytes)
        .map_err(|error| failed(Errno::from_io_error(&error).unwrap_or(Errno::IO)))?;
    rustix::fs::fchmod(&file, mode).map_err(failed)?;
    fsync(&file).map_err(failed)
}

/// Renames a finished draft to its name and syncs the folder.
pub(crate) fn rename(draft: &Path, path: &Path, overwrite: Overwrite) -> Result<(), Error> {
    let flags = match overwrite {
        Overwrite::Refuse => RenameFlags::NOREPLACE,
        Overwrite::Replace => RenameFlags::empty(),
    };
    match renameat_with(CWD, draft, CWD, path, flags) {
        Ok(()) => {}
        Err(Errno::EXIST | Errno::NOTEMPTY) => {
            return Err(Error::AlreadyExists { path: path.to_owned() });
        }
        Err(source) => return Err(Error::Io { action: "write", path: path.to_owned(), source }),
    }
    let parent =
        path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let synced = open(parent, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
        .and_then(fsync);
    synced.map_err(|source| Error::Io { action: "sync", path: parent.to_owned(), source })
}

/// A hidden name beside `path`, different for each process.
pub(crate) fn draft_path(path: &Path) -> Result<PathBuf, Error> {
    let name = path.file_name().ok_or_else(|| Error::PathInvalid {
        path: path.display().to_string(),
        reason: "it does not end in a name".to_owned(),
    })?;
    let mut draft = std::ffi::OsString::from(".");
    draft.push(name);
    draft.push(format!(".{}", std::process::id()));
    Ok(path.with_file_name(draft))
}
