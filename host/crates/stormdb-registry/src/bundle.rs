//! A plugin folder and the bundles in it, opened but not yet believed.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::Error;
use crate::folder::{FileRule, Folder, OpenFile};
use crate::manifest::{MANIFEST_FILE, MAX_MANIFEST_BYTES, signature_file};
use crate::names::is_plain_text;

/// The ending of a bundle's folder name.
pub const SUFFIX: &str = ".stormplug";
/// No signature is longer; checked before it is read.
pub const MAX_SIGNATURE_BYTES: u64 = 4 * 1024;
/// A manifest has no more signatures: `plugin.toml.sig`, `plugin.toml.2.sig`, and so on.
pub const MAX_SIGNATURES: usize = 8;

const MAX_ENTRIES: usize = 4_096;
/// The manifest, the signature and the library; one more name is enough to see that there are too many.
const MAX_FILES: usize = 64;

/// A bundle's open folder. Nothing in it was read.
#[derive(Debug)]
pub struct Candidate {
    folder: Folder,
}

impl Candidate {
    /// Opens the bundle at `path`.
    ///
    /// # Errors
    /// `symlink-refused`, `not-regular-file`, `dir-permissions`, `path-invalid`, `io-error`.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let (parent, name) = Folder::of_file(path)?;
        Self::open_in(&parent, OsStr::new(&name))
    }

    fn open_in(parent: &Folder, name: &OsStr) -> Result<Self, Error> {
        let folder = parent.open_folder(name)?;
        folder.check_ancestors()?;
        Ok(Self { folder })
    }

    /// The bundle's folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The manifest's exact bytes.
    pub(crate) fn read_manifest(&self) -> Result<Vec<u8>, Error> {
        let missing = || Error::ManifestMissing { bundle: self.path().to_owned() };
        let path = self.path().join(MANIFEST_FILE);
        let too_large = Error::ManifestTooLarge { path, limit: MAX_MANIFEST_BYTES };
        let file = self.open_file(MANIFEST_FILE)?.ok_or_else(missing)?;
        file.read(MAX_MANIFEST_BYTES)?.ok_or(too_large)
    }

    /// The exact bytes of the signatures: the first, and those after it as far as their numbers follow each other.
    pub(crate) fn read_signatures(&self) -> Result<Vec<Vec<u8>>, Error> {
        let mut signatures = Vec::new();
        for number in 1..=MAX_SIGNATURES {
            let name = signature_file(number);
            let Some(file) = self.open_file(&name)? else { break };
            let path = self.path().join(name);
            let too_large = Error::SignatureTooLarge { path, limit: MAX_SIGNATURE_BYTES };
            signatures.push(file.read(MAX_SIGNATURE_BYTES)?.ok_or(too_large)?);
        }
        if signatures.is_empty() {
            return Err(Error::SignatureMissing { bundle: self.path().to_owned() });
        }
        Ok(signatures)
    }

    pub(crate) fn open_file(&self, name: &str) -> Result<Option<OpenFile>, Error> {
        self.folder.open_file(name, FileRule::OnlyOursToChange)
    }

    /// Refuses the bundle if it has a file besides the manifest, so many signatures and `library`.
    pub(crate) fn check_listed(&self, library: &str, signatures: usize) -> Result<(), Error> {
        let mut listed = vec![MANIFEST_FILE.to_owned(), library.to_owned()];
        listed.extend((1..=signatures).map(signature_file));
        let names = self.folder.names(MAX_FILES)?;
        let unlisted = match &names {
            None => Some(PathBuf::new()),
            Some(names) => names
                .iter()
                .find(|name| !listed.iter().any(|listed| **name == **listed))
                .map(PathBuf::from),
        };
        let Some(name) = unlisted else { return Ok(()) };
        let path = self.path().join(&name);
        check_name(name.as_os_str(), &path)?;
        Err(Error::FileUnlisted { path })
    }
}

/// One entry of a plugin folder: an open bundle, or what could not be opened and why.
pub type Found = Result<Candidate, (PathBuf, Error)>;

/// Opens every bundle of a plugin folder. Hidden entries and plain files are passed over, except that a bare library is
/// refused by name, since someone meant it to be used.
///
/// # Errors
/// `plugin-dir-missing`, `plugin-dir-too-large`, `dir-permissions`, `io-error`: the folder itself. What is wrong with one
/// bundle is in its place of the list, with its path.
pub fn discover(plugin_folder: &Path) -> Result<Vec<Found>, Error> {
    let folder = Folder::open(plugin_folder).map_err(|error| match error {
        Error::Io { source: rustix::io::Errno::NOENT, path, .. } => {
            Error::PluginDirMissing { path }
        }
        other => other,
    })?;
    folder.check_ancestors()?;
    let too_large = Error::PluginDirTooLarge { path: plugin_folder.to_owned(), limit: MAX_ENTRIES };
    let names = folder.names(MAX_ENTRIES)?.ok_or(too_large)?;
    Ok(names.iter().filter_map(|name| open_entry(&folder, name)).collect())
}

fn open_entry(folder: &Folder, name: &OsStr) -> Option<Found> {
    let bytes = name.as_encoded_bytes();
    if bytes.starts_with(b".") {
        return None;
    }
    let path = folder.path().join(name);
    if let Err(error) = check_name(name, &path) {
        return Some(Err((path, error)));
    }
    let misnamed = |path: PathBuf| Error::PackageNameMismatch {
        path,
        expected: format!("NAME-VERSION{SUFFIX}"),
    };
    match Candidate::open_in(folder, name) {
        Ok(candidate) if bytes.ends_with(SUFFIX.as_bytes()) => Some(Ok(candidate)),
        Ok(_) => Some(Err((path.clone(), misnamed(path)))),
        Err(_) if bytes.ends_with(b".so") => Some(Err((path.clone(), misnamed(path)))),
        Err(Error::NotRegularFile { .. }) if !bytes.ends_with(SUFFIX.as_bytes()) => None,
        Err(error) => Some(Err((path, error))),
    }
}

/// A name that is no text, or that would write on a terminal, is nobody's bundle and nobody's file.
fn check_name(name: &OsStr, path: &Path) -> Result<(), Error> {
    if name.to_str().is_some_and(is_plain_text) {
        return Ok(());
    }
    // As in messages, what is no plain text is escaped.
    let path = format!("{path:?}");
    let reason = "its name is not plain text".to_owned();
    Err(Error::PathInvalid { path: path.trim_matches('"').to_owned(), reason })
}
