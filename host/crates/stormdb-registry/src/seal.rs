//! A verified library in sealed memory, and its way from the supervisor into the load process.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, memfd_create};
use rustix::io::{Errno, FdFlags, fcntl_setfd};
use semver::Version;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::Error;
use crate::digest::Digest;
use crate::manifest::Manifest;
use crate::verify::Verified;

/// With these no one, not even the owner, can change content or length, or lift a seal.
const SEALS: SealFlags =
    SealFlags::WRITE.union(SealFlags::GROW).union(SealFlags::SHRINK).union(SealFlags::SEAL);

/// What the supervisor states about a library; the load process holds both the bytes and the code to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    pub name: String,
    pub version: Version,
    pub author: String,
    /// Sorted.
    pub workloads: Vec<String>,
    pub sha256: Digest,
}

impl Statement {
    /// `NAME VERSION`, for messages.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} {}", self.name, self.version)
    }
}

/// A library that passed every step, in memory that cannot change.
#[derive(Debug)]
pub struct Sealed {
    statement: Statement,
    fd: OwnedFd,
}

impl Sealed {
    /// Made by the gate alone; see [`crate::gate::Gated::seal`].
    pub(crate) fn new(plugin: &Verified) -> Result<Self, Error> {
        let Manifest { name, version, author, workloads, library, .. } = plugin.manifest().clone();
        let statement = Statement { name, version, author, workloads, sha256: library.sha256 };
        let failed = |action| {
            let plugin = statement.title();
            move |source| Error::Seal { action, plugin, source }
        };
        // The name is what profilers and crash reports show.
        let label = format!("{}-{}", statement.name, statement.version);
        let fd = create(&label).map_err(failed("create"))?;
        let mut file = File::from(fd);
        file.write_all(plugin.library())
            .map_err(|error| failed("fill")(Errno::from_io_error(&error).unwrap_or(Errno::IO)))?;
        let fd = OwnedFd::from(file);
        fcntl_add_seals(&fd, SEALS).map_err(failed("close"))?;
        Ok(Self { statement, fd })
    }

    /// Takes over a descriptor in the load process: checks its seals, then hashes its content.
    ///
    /// # Errors
    /// `seal-broken` if it is not sealed or not the stated library, `seal-failed` if it cannot be examined.
    pub fn inherit(fd: OwnedFd, statement: Statement) -> Result<Self, Error> {
        let plugin = statement.title();
        let broken = |reason: String| Error::SealBroken { plugin: plugin.clone(), reason };
        let seals =
            fcntl_get_seals(&fd).map_err(|errno| broken(format!("it has no seals ({errno})")))?;
        if !seals.contains(SEALS) {
            return Err(broken(format!("its seals are {seals:?}, expected {SEALS:?}")));
        }
        let failed = |source| Error::Seal { action: "read", plugin: plugin.clone(), source };
        let file = File::from(fd);
        let actual = digest(&file)
            .map_err(|error| failed(Errno::from_io_error(&error).unwrap_or(Errno::IO)))?;
        if actual != statement.sha256 {
            return Err(broken(format!("its SHA-256 is {actual}, expected {}", statement.sha256)));
        }
        let fd = OwnedFd::from(file);
        fcntl_setfd(&fd, FdFlags::CLOEXEC).map_err(failed)?;
        Ok(Self { statement, fd })
    }

    /// What goes to the load process beside the descriptor.
    #[must_use]
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    pub(crate) fn into_parts(self) -> (Statement, OwnedFd) {
        (self.statement, self.fd)
    }
}

impl AsFd for Sealed {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn create(label: &str) -> Result<OwnedFd, Errno> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    match memfd_create(label, flags | MemfdFlags::EXEC) {
        // Kernels before 6.3 do not know the flag and do not need it.
        Err(Errno::INVAL) => memfd_create(label, flags),
        created => created,
    }
}

fn digest(file: &File) -> std::io::Result<Digest> {
    let (mut hasher, mut buffer, mut at) = (Sha256::new(), vec![0; 256 * 1024], 0);
    loop {
        let read = match file.read_at(&mut buffer, at) {
            Ok(0) => return Ok(Digest::from_hasher(hasher)),
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hasher.update(buffer.get(..read).unwrap_or_default());
        at += read as u64;
    }
}
