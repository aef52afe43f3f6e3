//! Installing: a bundle is copied beside the others, verified as a copy, and only then given its name.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use rustix::fs::Mode;

use crate::Error;
use crate::atomic_file::{self, Overwrite};
use crate::bundle::Candidate;
use crate::folder::{FileRule, Folder};
use crate::verify::Policy;

/// The manifest, the signatures, the library, and room to say which file is too many.
const MAX_FILES: usize = 64;

/// A copy of a bundle in a hidden folder of the plugin folder. Dropped before it is kept, it is removed.
#[derive(Debug)]
pub struct Staged {
    /// The hidden folder.
    staging: PathBuf,
    /// The copy in it, under the bundle's own name.
    bundle: PathBuf,
    folder: PathBuf,
}

impl Staged {
    /// Copies the bundle at `source` into `folder`, which is made if it is not there. The source may lie anywhere, since
    /// what is verified is the copy.
    ///
    /// # Errors
    /// `dir-permissions` for `folder`, `symlink-refused` and `not-regular-file` for what is no plain file,
    /// `lib-too-large`, `file-unlisted` if there are too many files, `io-error`.
    pub fn copy(source: &Path, folder: &Path) -> Result<Self, Error> {
        let from = Folder::open(source)?;
        let name = source.file_name().unwrap_or(OsStr::new(""));
        atomic_file::create_folders(folder)?;
        Folder::open(folder)?.check_ancestors()?;
        let staging = atomic_file::draft_path(&folder.join(name))?;
        let staged = Self { bundle: staging.join(name), staging, folder: folder.to_owned() };
        make_folder(&staged.staging)?;
        make_folder(&staged.bundle)?;
        let names = from
            .names(MAX_FILES)?
            .ok_or_else(|| Error::FileUnlisted { path: source.to_owned() })?;
        for name in names {
            let name = name.to_str().ok_or_else(|| Error::PathInvalid {
                path: source.join(&name).display().to_string(),
                reason: "its name is not UTF-8".to_owned(),
            })?;
            copy_file(&from, name, &staged.bundle)?;
        }
        Ok(staged)
    }

    /// The copy, to be verified.
    ///
    /// # Errors
    /// As [`Candidate::open`].
    pub fn candidate(&self) -> Result<Candidate, Error> {
        Candidate::open(&self.bundle)
    }

    /// Gives the copy its place among the plugins, and returns its path.
    ///
    /// # Errors
    /// `already-exists`, `io-error`.
    pub fn keep(self) -> Result<PathBuf, Error> {
        let target = self.folder.join(self.bundle.file_name().unwrap_or(OsStr::new("")));
        atomic_file::rename(&self.bundle, &target, Overwrite::Refuse)?;
        Ok(target)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        // Nothing reads a hidden folder; one that stays is in nobody's way.
        let _ignored = std::fs::remove_dir_all(&self.staging);
    }
}

/// Takes a bundle away: out of sight first, so that nobody meets half of one.
///
/// # Errors
/// `io-error`, `symlink-refused`.
pub fn remove(bundle: &Path) -> Result<(), Error> {
    let candidate = Candidate::open(bundle)?;
    let hidden = atomic_file::draft_path(candidate.path())?;
    atomic_file::rename(bundle, &hidden, Overwrite::Refuse)?;
    std::fs::remove_dir_all(&hidden).map_err(|error| Error::Io {
        action: "remove",
        path: hidden,
        source: rustix::io::Errno::from_io_error(&error).unwrap_or(rustix::io::Errno::IO),
    })
}

fn copy_file(from: &Folder, name: &str, to: &Path) -> Result<(), Error> {
    let (path, limit) = (from.path().join(name), Policy::MAX_LIBRARY_BYTES);
    let Some(file) = from.open_file(name, FileRule::Any)? else {
        return Err(Error::LibChanged { path });
    };
    let size = file.size();
    let bytes = if size > limit { None } else { file.read(limit)? };
    let bytes = bytes.ok_or(Error::LibTooLarge { path, size, limit })?;
    atomic_file::write_new(&to.join(name), &bytes, Mode::from_raw_mode(0o644))
}

fn make_folder(path: &Path) -> Result<(), Error> {
    rustix::fs::mkdir(path, Mode::from_raw_mode(0o755)).map_err(|source| Error::Io {
        action: "create",
        path: path.to_owned(),
        source,
    })
}
