//! Which PostgreSQL programs the embedded server runs, and what comes with them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde::{Deserialize, Serialize};

use crate::{TargetError, bundle, place::PgHome, preflight::OLDEST_MAJOR};

/// A directory with `initdb`, `postgres` and `pg_ctl` of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries {
    pub bin_dir: PathBuf,
    /// Such as `18.4`.
    pub version: String,
    pub major: u32,
    pub origin: Origin,
    /// Extensions that are kept outside the server's own tree.
    pub contrib: Option<Contrib>,
}

/// Where the programs were found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Named by the user.
    Given,
    Bundle,
    System,
}

/// Extensions for PostgreSQL 18 and later, which finds them through two settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contrib {
    /// For `dynamic_library_path`.
    pub library_dir: PathBuf,
    /// For `extension_control_path`.
    pub share_dir: PathBuf,
}

impl Binaries {
    /// The directory that the user named, else the installed bundle, else the newest version of
    /// the system.
    ///
    /// # Errors
    /// `pg-no-binaries` when the named directory is of no use; `pg-not-installed` when there is
    /// none at all.
    pub fn find(given: Option<&Path>, home: &PgHome) -> Result<Self, TargetError> {
        if let Some(bin_dir) = given {
            return Self::at(bin_dir, Origin::Given);
        }
        if let Some(bin_dir) = bundle::installed(home) {
            return Self::at(&bin_dir, Origin::Bundle);
        }
        Self::newest(&system_directories()).ok_or(TargetError::NotInstalled)
    }

    /// The programs in `bin_dir`.
    ///
    /// # Errors
    /// `pg-no-binaries` when one is missing, does not run, or is older than PostgreSQL 14.
    pub fn at(bin_dir: &Path, origin: Origin) -> Result<Self, TargetError> {
        let refuse =
            |reason: String| TargetError::NoBinaries { bin_dir: bin_dir.to_path_buf(), reason };
        let bin_dir = bin_dir.canonicalize().map_err(|error| refuse(error.to_string()))?;
        for program in ["initdb", "pg_ctl", "postgres"] {
            if !bin_dir.join(program).is_file() {
                return Err(refuse(format!("{program} is missing")));
            }
        }
        let output = Command::new(bin_dir.join("postgres"))
            .arg("--version")
            .output()
            .map_err(|error| refuse(format!("postgres does not run: {error}")))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let (version, major) = parse_version(&text)
            .ok_or_else(|| refuse(format!("postgres --version says {:?}", text.trim())))?;
        if major < OLDEST_MAJOR {
            return Err(refuse(format!("version {version} is older than {OLDEST_MAJOR}")));
        }
        let contrib = bundle::contrib_beside(&bin_dir);
        Ok(Self { bin_dir, version, major, origin, contrib })
    }

    /// The path of `program`, such as `pgbench`; `None` when this set lacks it.
    #[must_use]
    pub fn program(&self, program: &str) -> Option<PathBuf> {
        Some(self.bin_dir.join(program)).filter(|path| path.is_file())
    }

    /// Whether the server can load the library of an extension, such as `pg_stat_statements`.
    #[must_use]
    pub fn has_library(&self, name: &str) -> bool {
        let file = format!("{name}.so");
        let own = ["../lib", "../lib/postgresql"].map(|relative| self.bin_dir.join(relative));
        let contrib = self.contrib.iter().map(|contrib| contrib.library_dir.clone());
        own.into_iter().chain(contrib).any(|directory| directory.join(&file).is_file())
    }

    fn newest(directories: &[PathBuf]) -> Option<Self> {
        directories
            .iter()
            .filter_map(|bin_dir| Self::at(bin_dir, Origin::System).ok())
            .max_by_key(|binaries| binaries.major)
    }
}

/// Debian and Red Hat keep every major version apart.
fn system_directories() -> Vec<PathBuf> {
    let versions = |parent: &str, prefix: &str| -> Vec<PathBuf> {
        let entries = fs::read_dir(parent).into_iter().flatten().flatten();
        entries
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
            .map(|entry| entry.path().join("bin"))
            .collect()
    };
    let mut directories = versions("/usr/lib/postgresql", "");
    directories.extend(versions("/usr", "pgsql-"));
    directories
}

/// Reads `postgres (PostgreSQL) 15.18 (Debian …)`; a beta says `19beta1`.
fn parse_version(text: &str) -> Option<(String, u32)> {
    let version = text.split_whitespace().nth(2)?;
    let digits = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    let major = version.get(..digits)?.parse().ok()?;
    Some((version.to_owned(), major))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Binaries, Origin, parse_version};

    #[test]
    fn versions_are_read() {
        let read = |text| parse_version(text).map(|(version, major)| format!("{version}/{major}"));
        let debian = "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n";
        assert_eq!(read(debian).as_deref(), Some("15.18/15"));
        assert_eq!(read("postgres (PostgreSQL) 19beta1").as_deref(), Some("19beta1/19"));
        assert_eq!(read("postgres"), None);
        assert_eq!(read("a b c"), None);
    }

    #[test]
    fn a_directory_without_the_programs_is_refused_by_name() {
        let error = Binaries::at(Path::new("/etc"), Origin::Given).unwrap_err();
        assert_eq!(error.id(), "pg-no-binaries");
        assert!(
            error.to_string().starts_with("/etc has no PostgreSQL: initdb is missing"),
            "{error}"
        );
    }
}
