//! Packing: a bundle folder from a built library and what its author says about it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rustix::fs::Mode;
use serde::Deserialize;

use crate::Error;
use crate::atomic_file::{self, Overwrite};
use crate::digest::Digest;
use crate::folder::OpenFile;
use crate::manifest::{self, Library, MANIFEST_FILE, MAX_MANIFEST_BYTES, Manifest};
use crate::verify::{HOST_TARGET, Policy};

/// What an author writes down once: the manifest without what packing computes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Draft {
    pub name: String,
    pub version: String,
    /// As the trust stores of the users will name the author.
    pub author: String,
    pub description: String,
    /// The plugin API version that the plugin was built against, such as `"1.0"`.
    pub api: String,
    pub workloads: Vec<String>,
    /// After this time the author no longer stands by it, such as `2030-01-01T00:00:00Z`.
    #[serde(default)]
    pub expires: Option<String>,
    /// `NAME` or `NAME@AUTHOR`, and the versions that will do.
    #[serde(default)]
    pub dependencies: BTreeMap<String, String>,
}

/// Whether a bundle that is already there gives way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    Refuse,
    Replace,
}

impl Draft {
    /// Reads a draft in TOML.
    ///
    /// # Errors
    /// `manifest-invalid` with the line, `manifest-too-large`, `io-error` and the file ids.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let bytes = OpenFile::open(path)?.read(MAX_MANIFEST_BYTES)?.ok_or_else(|| {
            Error::ManifestTooLarge { path: path.to_owned(), limit: MAX_MANIFEST_BYTES }
        })?;
        let text = manifest::checked_text(path, &bytes)?;
        toml::from_str(text).map_err(|error| manifest::toml_error(path, text, &error))
    }

    /// Whether a bundle could say this, before there is a library.
    ///
    /// # Errors
    /// The ids of an invalid manifest.
    pub fn check(&self) -> Result<(), Error> {
        let library = Library { file: "library.so".to_owned(), sha256: Digest::of(&[]), size: 1 };
        draft_manifest(self, library).map(drop)
    }
}

/// Makes `FOLDER/NAME-VERSION.stormplug` with a copy of `library` and its manifest, and returns its path. Not signed.
///
/// The bundle appears whole or not at all.
///
/// # Errors
/// The ids of an invalid manifest, `lib-empty`, `lib-too-large`, `already-exists`, `io-error`.
pub fn pack(
    draft: &Draft,
    library: &Path,
    folder: &Path,
    existing: Existing,
) -> Result<PathBuf, Error> {
    let bytes = read_library(library)?;
    let file =
        library.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let library = Library { file, sha256: Digest::of(&bytes), size: bytes.len() as u64 };
    let manifest = draft_manifest(draft, library)?;
    let target = folder.join(manifest.folder_name());
    let text = manifest.to_toml().map_err(|error| Error::ManifestInvalid {
        path: target.join(MANIFEST_FILE),
        reason: error.to_string(),
    })?;
    let staging = atomic_file::draft_path(&target)?;
    let written = create_folder(&staging)
        .and_then(|()| {
            let library = staging.join(&manifest.library.file);
            atomic_file::write_new(&library, &bytes, Mode::from_raw_mode(0o644))?;
            atomic_file::write_new(
                &staging.join(MANIFEST_FILE),
                text.as_bytes(),
                Mode::from_raw_mode(0o644),
            )?;
            if existing == Existing::Replace {
                remove_folder(&target)?;
            }
            atomic_file::rename(&staging, &target, Overwrite::Refuse)
        })
        .map(|()| target);
    if written.is_err() {
        // The first error is the one to report.
        let _ignored = std::fs::remove_dir_all(&staging);
    }
    written
}

/// The draft with the library, through the same checks as a manifest that is read.
fn draft_manifest(draft: &Draft, library: Library) -> Result<Manifest, Error> {
    let Draft { name, version, author, description, api, workloads, expires, dependencies } =
        draft.clone();
    manifest::RawManifest {
        name,
        version,
        author,
        description,
        api,
        target: HOST_TARGET.to_owned(),
        workloads,
        expires,
        library,
        dependencies,
    }
    .check(Path::new(MANIFEST_FILE))
}

fn read_library(path: &Path) -> Result<Vec<u8>, Error> {
    let limit = Policy::MAX_LIBRARY_BYTES;
    let file = OpenFile::open(path)?;
    let size = file.size();
    let Some(bytes) = file.read(limit)? else {
        return Err(Error::LibTooLarge { path: path.to_owned(), size, limit });
    };
    if bytes.is_empty() {
        return Err(Error::LibEmpty { path: path.to_owned() });
    }
    Ok(bytes)
}

fn create_folder(path: &Path) -> Result<(), Error> {
    atomic_file::create_folders(path.parent().unwrap_or(Path::new("")))?;
    rustix::fs::mkdir(path, Mode::from_raw_mode(0o755)).map_err(|source| Error::Io {
        action: "create",
        path: path.to_owned(),
        source,
    })
}

fn remove_folder(path: &Path) -> Result<(), Error> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            let source = rustix::io::Errno::from_io_error(&error).unwrap_or(rustix::io::Errno::IO);
            Err(Error::Io { action: "remove", path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}
