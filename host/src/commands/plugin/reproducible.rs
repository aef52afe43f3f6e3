//! `stormdb plugin pack --verify-reproducible`: the crate built twice, in folders of different names,
//! and the bytes compared.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use stormdb_registry::digest::Digest;

use super::package::{Package, output};
use crate::{failure::CommandError, output::note};

/// The folders that the two builds lie in; they differ in length and depth.
const PLACES: [&str; 2] = ["one", "another/and-deeper"];
/// Most characters of each library that are shown around the first difference.
const SHOWN: usize = 60;

/// Builds the crate in two folders and returns the library, where both have the same bytes.
pub(crate) fn build(package: &Package) -> Result<PathBuf, CommandError> {
    let scratch = Scratch::make(&package.name)?;
    let mut libraries = Vec::new();
    for place in PLACES {
        let folder = scratch.0.join(place).join(&package.name);
        let copied = copy_sources(&package.workspace, &folder, &package.target);
        copied.map_err(|source| CommandError::file("copy the sources to", &folder, &source))?;
        let target = folder.with_extension("target");
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "--release", "--locked", "--package", &package.name]);
        cargo.arg("--target-dir").arg(&target).env_remove("CARGO_TARGET_DIR").current_dir(&folder);
        note(&format!("building {} in {}", package.name, folder.display()));
        output(&mut cargo)?;
        let library = target.join("release").join(&package.library);
        let bytes =
            fs::read(&library).map_err(|source| CommandError::file("read", &library, &source))?;
        libraries.push(bytes);
    }
    let [one, another] = &libraries[..] else { return package.built() };
    if let Some(difference) = first_difference(one, another) {
        let message = format!(
            "the same source gave two libraries ({} and {}): {difference}. Take paths, times and \
             anything else that differs out of the build; the template of `stormdb plugin new` does it \
             with .cargo/remap-paths.sh",
            Digest::of(one),
            Digest::of(another)
        );
        return Err(CommandError::usage("not-reproducible", message));
    }
    note(&format!("both builds have SHA-256 {}", Digest::of(one)));
    let kept = package.target.join("reproducible");
    let library = kept.join(&package.library);
    fs::create_dir_all(&kept)
        .and_then(|()| fs::write(&library, one))
        .map_err(|source| CommandError::file("write", &library, &source))?;
    Ok(library)
}

/// A folder that is gone when its user is.
struct Scratch(PathBuf);

impl Scratch {
    fn make(name: &str) -> Result<Self, CommandError> {
        let number = std::process::id();
        let folder = std::env::temp_dir().join(format!("stormdb-reproducible-{name}-{number}"));
        fs::create_dir(&folder).map_err(|source| CommandError::file("create", &folder, &source))?;
        Ok(Self(folder))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            note(&format!("cannot remove {}: {error}", self.0.display()));
        }
    }
}

/// Copies everything but what is built, packed or git's own.
fn copy_sources(from: &Path, to: &Path, target: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        if path == target || ["target", ".git", "bundles"].iter().any(|left| name == *left) {
            continue;
        }
        let copy = to.join(name);
        if entry.file_type()?.is_dir() {
            copy_sources(&path, &copy, target)?;
        } else {
            // Keeps the mode: the wrapper of rustc is a program.
            fs::copy(&path, &copy)?;
        }
    }
    Ok(())
}

/// Where two files first differ, with the text around it.
fn first_difference(one: &[u8], another: &[u8]) -> Option<String> {
    let both = one.len().min(another.len());
    let at = (0..both)
        .find(|&at| one[at] != another[at])
        .or_else(|| (one.len() != another.len()).then_some(both))?;
    let (one, another) = (text_around(one, at), text_around(another, at));
    Some(format!("they differ first at byte {at}, {one} and {another}"))
}

/// The printable text that holds the byte, or the byte itself.
fn text_around(bytes: &[u8], at: usize) -> String {
    let is_text = |byte: &u8| byte.is_ascii_graphic() || *byte == b' ';
    let (before, after) = bytes.split_at(at);
    let begin = at - before.iter().rev().take(SHOWN).take_while(|byte| is_text(byte)).count();
    let end = at + after.iter().take(SHOWN).take_while(|byte| is_text(byte)).count();
    let text = String::from_utf8_lossy(&bytes[begin..end]);
    match after.first() {
        _ if end - begin > 3 => format!("{text:?}"),
        Some(byte) => format!("0x{byte:02x}"),
        None => "the end".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::first_difference;

    #[test]
    fn the_first_difference_is_shown_with_its_text() {
        assert_eq!(first_difference(b"\0same\0", b"\0same\0"), None);
        let found = first_difference(b"\0/home/ada/src\0", b"\0/home/bob/src\0").unwrap();
        let expected = r#"they differ first at byte 7, "/home/ada/src" and "/home/bob/src""#;
        assert_eq!(found, expected);
        let found = first_difference(&[1, 2, 3], &[1, 9, 3]).unwrap();
        assert_eq!(found, "they differ first at byte 1, 0x02 and 0x09");
        let found = first_difference(&[1, 2], &[1]).unwrap();
        assert_eq!(found, "they differ first at byte 1, 0x02 and the end");
    }
}
