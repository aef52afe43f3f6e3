//! Opening files and folders without following a link, and saying who could change them.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{ErrorKind, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fd::OwnedFd;
use rustix::fs::{Dir, FileType, Mode, OFlags, ResolveFlags, Stat, fstat, open, openat2};
use rustix::io::Errno;
use rustix::process::geteuid;

use crate::Error;

/// An open folder. Everything in it is opened relative to the descriptor, so a renamed path changes nothing.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    fd: OwnedFd,
}

/// An open regular file.
#[derive(Debug)]
pub(crate) struct OpenFile {
    path: PathBuf,
    file: File,
    stat: Stat,
}

/// What is asked of a file besides being regular.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileRule {
    /// Nothing.
    Any,
    /// One link, owned by root or by us, not writable by others, no set-id bits.
    OnlyOursToChange,
}

/// A named pipe must not block. That links are not followed is `BENEATH`'s part: with `O_NOFOLLOW` besides, a link to a
/// folder would be reported as a file.
const READ: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::CLOEXEC);

const BENEATH: ResolveFlags = ResolveFlags::BENEATH
    .union(ResolveFlags::NO_SYMLINKS)
    .union(ResolveFlags::NO_MAGICLINKS)
    .union(ResolveFlags::NO_XDEV);

impl Folder {
    /// Opens a folder that the user named; links in the path up to it are the user's own business.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match open(path, flags, Mode::empty()) {
            Ok(fd) => Ok(Self { path: path.to_owned(), fd }),
            Err(Errno::NOTDIR) => Err(Error::NotRegularFile {
                path: path.to_owned(),
                found: "no folder",
                expected: "a folder",
            }),
            Err(source) => Err(Error::Io { action: "open", path: path.to_owned(), source }),
        }
    }

    /// The folder that holds `path`, and the last component of `path`.
    pub(crate) fn of_file(path: &Path) -> Result<(Self, String), Error> {
        let name = path.file_name().and_then(OsStr::to_str).ok_or_else(|| Error::PathInvalid {
            path: path.display().to_string(),
            reason: "it does not end in a readable name".to_owned(),
        })?;
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        Ok((Self::open(parent)?, name.to_owned()))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the folder `name` in this one.
    pub(crate) fn open_folder(&self, name: &OsStr) -> Result<Self, Error> {
        let path = self.path.join(name);
        match openat2(&self.fd, name, READ | OFlags::DIRECTORY, Mode::empty(), BENEATH) {
            Ok(fd) => Ok(Self { path, fd }),
            Err(Errno::NOTDIR) => {
                Err(Error::NotRegularFile { path, found: "no folder", expected: "a folder" })
            }
            Err(errno) => Err(refusal(path, errno)),
        }
    }

    /// Opens the regular file `name` in this folder; `None` if there is no such entry.
    pub(crate) fn open_file(&self, name: &str, rule: FileRule) -> Result<Option<OpenFile>, Error> {
        let path = self.path.join(name);
        let fd = match openat2(&self.fd, name, READ, Mode::empty(), BENEATH) {
            Ok(fd) => fd,
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(refusal(path, errno)),
        };
        let file = OpenFile::of(path, fd)?;
        let OpenFile { path, stat, .. } = &file;
        if rule == FileRule::OnlyOursToChange {
            if stat.st_nlink != 1 {
                return Err(Error::HardlinkRefused { path: path.clone() });
            }
            if let Some(reason) = changeable_by_others(stat.st_uid, stat.st_mode) {
                return Err(Error::FilePermissions { path: path.clone(), reason });
            }
            if stat.st_mode & 0o6000 != 0 {
                let reason = "has a set-id bit".to_owned();
                return Err(Error::FilePermissions { path: path.clone(), reason });
            }
        }
        Ok(Some(file))
    }

    /// The names in this folder, sorted; `None` if there are more than `limit`.
    pub(crate) fn names(&self, limit: usize) -> Result<Option<Vec<std::ffi::OsString>>, Error> {
        let failed = |source| Error::Io { action: "list", path: self.path.clone(), source };
        let mut names = Vec::new();
        for entry in Dir::read_from(&self.fd).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            if names.len() == limit {
                return Ok(None);
            }
            names.push(OsStr::from_bytes(name).to_owned());
        }
        names.sort();
        Ok(Some(names))
    }

    /// Refuses the folder if someone else could put other files into it or into a folder above it.
    pub(crate) fn check_ancestors(&self) -> Result<(), Error> {
        let failed =
            |path: &Path, source| Error::Io { action: "examine", path: path.to_owned(), source };
        let stat = fstat(&self.fd).map_err(|source| failed(&self.path, source))?;
        let real = std::fs::canonicalize(&self.path).map_err(|error| {
            failed(&self.path, Errno::from_io_error(&error).unwrap_or(Errno::IO))
        })?;
        if let Some(reason) = changeable_by_others(stat.st_uid, stat.st_mode) {
            return Err(Error::DirPermissions { path: real, reason });
        }
        for ancestor in real.ancestors().skip(1) {
            let metadata = std::fs::symlink_metadata(ancestor).map_err(|error| {
                failed(ancestor, Errno::from_io_error(&error).unwrap_or(Errno::IO))
            })?;
            // In a sticky folder of root (such as /tmp) nobody can rename or remove what is ours.
            let sticky = metadata.mode() & 0o1000 != 0 && metadata.uid() == 0;
            if let Some(reason) =
                changeable_by_others(metadata.uid(), metadata.mode()).filter(|_| !sticky)
            {
                return Err(Error::DirPermissions { path: ancestor.to_owned(), reason });
            }
        }
        Ok(())
    }
}

impl OpenFile {
    /// Opens a file that the user named; links in its path are the user's own business.
    pub(crate) fn open(path: &Path) -> Result<Self, Error> {
        let fd = open(path, READ, Mode::empty());
        let failed = |source| Error::Io { action: "open", path: path.to_owned(), source };
        Self::of(path.to_owned(), fd.map_err(failed)?)
    }

    fn of(path: PathBuf, fd: OwnedFd) -> Result<Self, Error> {
        let stat = match fstat(&fd) {
            Ok(stat) => stat,
            Err(source) => return Err(Error::Io { action: "examine", path, source }),
        };
        let kind = FileType::from_raw_mode(stat.st_mode);
        if kind != FileType::RegularFile {
            let found = kind_name(kind);
            return Err(Error::NotRegularFile { path, found, expected: "a regular file" });
        }
        Ok(Self { path, file: File::from(fd), stat })
    }

    /// The size at the time of opening.
    pub(crate) fn size(&self) -> u64 {
        u64::try_from(self.stat.st_size).unwrap_or(0)
    }

    /// The whole content, read once; `None` if there are more than `limit` bytes.
    pub(crate) fn read(self, limit: u64) -> Result<Option<Vec<u8>>, Error> {
        let Self { path, file, stat } = self;
        let expected = u64::try_from(stat.st_size).unwrap_or(0).min(limit);
        let mut bytes =
            Vec::with_capacity(usize::try_from(expected).unwrap_or(0).saturating_add(1));
        match file.take(limit.saturating_add(1)).read_to_end(&mut bytes) {
            Ok(read) => Ok((read as u64 <= limit).then_some(bytes)),
            Err(error) if error.kind() == ErrorKind::OutOfMemory => {
                Err(Error::Io { action: "find memory for", path, source: Errno::NOMEM })
            }
            Err(error) => {
                let source = Errno::from_io_error(&error).unwrap_or(Errno::IO);
                Err(Error::Io { action: "read", path, source })
            }
        }
    }

    /// Why others could change the file, if they could.
    pub(crate) fn changeable_by_others(&self) -> Option<String> {
        changeable_by_others(self.stat.st_uid, self.stat.st_mode)
    }

    /// Why the file is not private to us, if it is not.
    pub(crate) fn not_private(&self) -> Option<String> {
        let mode = self.stat.st_mode & 0o7777;
        (mode & 0o077 != 0).then(|| format!("is accessible to others (mode {mode:o})"))
    }
}

fn changeable_by_others(owner: u32, mode: u32) -> Option<String> {
    let us = geteuid().as_raw();
    if owner != 0 && owner != us {
        return Some(format!("belongs to user {owner}, neither root nor us ({us})"));
    }
    (mode & 0o022 != 0).then(|| format!("is writable by others (mode {:o})", mode & 0o7777))
}

/// What a failed `openat2` beneath a folder means.
fn refusal(path: PathBuf, errno: Errno) -> Error {
    match errno {
        Errno::LOOP => Error::SymlinkRefused { path },
        // Sockets and devices without a driver cannot even be opened.
        Errno::NXIO | Errno::NODEV => {
            Error::NotRegularFile { path, found: "a socket or device", expected: "a regular file" }
        }
        Errno::XDEV => Error::PathInvalid {
            path: path.display().to_string(),
            reason: "it leaves the folder or lies on another file system".to_owned(),
        },
        source => Error::Io { action: "open", path, source },
    }
}

fn kind_name(kind: FileType) -> &'static str {
    match kind {
        FileType::Directory => "a folder",
        FileType::Fifo => "a named pipe",
        FileType::Socket => "a socket",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        _ => "no regular file",
    }
}
