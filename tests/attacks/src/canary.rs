//! Canaries: where they sing, and whether one did.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};

/// What stands in the fixture's library where the path goes.
const PLACE: &[u8; 256] = &{
    let mut place = [b' '; 256];
    let mark = *b"@@canary@@";
    let mut at = 0;
    while at < mark.len() {
        place[at] = mark[at];
        at += 1;
    }
    place[255] = 0;
    place
};

/// Every place of the fixture at which its code can run.
pub const FIXTURE: [&str; 14] = [
    "init-array",
    "root-module",
    "tls",
    "describe",
    "create",
    "get_extension",
    "setup",
    "attach",
    "teardown",
    "check",
    "worker",
    "execute",
    "drop",
    "fini-array",
];

/// The file that every library of this run writes to. Anyone may, as plugins run as nobody.
#[derive(Debug)]
pub struct Canary {
    file: PathBuf,
}

impl Canary {
    /// # Errors
    /// The folder cannot be made.
    pub fn new(ground: &Path) -> Result<Self> {
        let folder = ground.join("canary");
        fs::create_dir(&folder)?;
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o777))?;
        Ok(Self { file: folder.join("sung") })
    }

    pub fn path(&self) -> &Path {
        &self.file
    }

    /// Puts the path into the fixture's library.
    ///
    /// # Errors
    /// The library has no place for it, or several.
    pub fn bake(&self, mut library: Vec<u8>) -> Result<Vec<u8>> {
        let path = self.file.as_os_str().as_encoded_bytes();
        ensure!(path.len() < PLACE.len(), "{} is too long", self.file.display());
        let places: Vec<usize> = library
            .windows(PLACE.len())
            .enumerate()
            .filter(|(_, window)| window == PLACE)
            .map(|(at, _)| at)
            .collect();
        let [at] = places[..] else {
            anyhow::bail!("{} places for the path of the canary", places.len())
        };
        library[at..at + PLACE.len()].fill(0);
        library[at..at + path.len()].copy_from_slice(path);
        Ok(library)
    }

    /// The places that sang since the last call.
    ///
    /// # Errors
    /// The file cannot be read or removed.
    pub fn heard(&self) -> Result<BTreeSet<String>> {
        if !self.file.exists() {
            return Ok(BTreeSet::new());
        }
        let text = fs::read_to_string(&self.file).context("the file of the canaries")?;
        fs::remove_file(&self.file)?;
        Ok(songs(&text).collect())
    }
}

/// The places named in what a program wrote to stderr, be it among other words of a line of log.
pub fn songs(text: &str) -> impl Iterator<Item = String> {
    let places = text.lines().filter_map(|line| line.split_once("canary: "));
    places
        .filter_map(|(_, rest)| rest.split_whitespace().next())
        .map(|place| place.trim_matches(['"', ',']).to_owned())
}
