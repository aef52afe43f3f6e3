//! Where the bundle and the private cluster live on this machine.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use crate::TargetError;

/// The directory that holds everything of the embedded server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PgHome {
    root: PathBuf,
}

impl PgHome {
    /// Everything beneath `root`; as root, the server's user must be able to enter it.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// `$XDG_DATA_HOME/stormdb`, else `$HOME/.local/share/stormdb`; as root `/var/lib/stormdb`,
    /// since no other user can enter root's home.
    ///
    /// # Errors
    /// `pg-no-home` when neither variable is set.
    pub fn standard(
        xdg_data_home: Option<&Path>,
        home: Option<&Path>,
    ) -> Result<Self, TargetError> {
        if rustix::process::geteuid().is_root() {
            return Ok(Self::at("/var/lib/stormdb"));
        }
        let data = match (xdg_data_home, home) {
            // The specification says that a relative path is to be ignored.
            (Some(data), _) if data.is_absolute() => data.to_path_buf(),
            (_, Some(home)) => home.join(".local/share"),
            (_, None) => return Err(TargetError::NoHome),
        };
        Ok(Self::at(data.join("stormdb")))
    }

    /// The directory above the unpacked bundle.
    #[must_use]
    pub fn bundle_directory(&self) -> PathBuf {
        self.root.join("pg-bundle")
    }

    /// The directory of the private cluster: data, socket, log and lock.
    #[must_use]
    pub fn cluster_directory(&self) -> PathBuf {
        self.root.join("pg")
    }
}

/// Creates `directory` and what is missing above it, open to be entered whatever the umask is.
pub(crate) fn create_open_directory(directory: &Path) -> Result<(), TargetError> {
    let create = || -> io::Result<()> {
        if directory.is_dir() {
            return Ok(());
        }
        let mut missing: Vec<&Path> =
            directory.ancestors().take_while(|ancestor| !ancestor.exists()).collect();
        missing.reverse();
        for ancestor in missing {
            match fs::create_dir(ancestor) {
                // Another process created it since, and sets its mode too.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                created => created?,
            }
            fs::set_permissions(ancestor, fs::Permissions::from_mode(0o755))?;
        }
        Ok(())
    };
    create().map_err(TargetError::file("create", directory))
}

#[cfg(test)]
mod tests {
    use std::{os::unix::fs::PermissionsExt, sync::Barrier, thread};

    use super::create_open_directory;

    #[test]
    fn two_that_create_the_same_directory_both_succeed() {
        let root = tempfile::tempdir().unwrap();
        for round in 0..50 {
            let directory = root.path().join(format!("{round}/a/b/c"));
            let barrier = Barrier::new(2);
            let create = || {
                barrier.wait();
                create_open_directory(&directory)
            };
            let (one, other) = thread::scope(|scope| {
                let other = scope.spawn(create);
                (create(), other.join().unwrap())
            });
            one.unwrap();
            other.unwrap();
            assert_eq!(directory.metadata().unwrap().permissions().mode() & 0o777, 0o755);
        }
    }
}
