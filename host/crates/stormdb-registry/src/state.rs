//! The rollback state: the highest version of each plugin that was ever accepted on this machine.

use std::path::{Path, PathBuf};

use rustix::fs::Mode;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::atomic_file::{self, Overwrite};
use crate::digest::Digest;
use crate::guarded_file::{self, Content};
use crate::names::{is_author_name, is_plugin_name};

/// No part of a version is larger: such a version would shut every later one out.
const MAX_VERSION_PART: u64 = 1_000_000_000_000;
/// A plugin's major version does not grow by more at once.
const MAX_MAJOR_STEP: u64 = 1_000;

const MAX_BYTES: u64 = 2 * 1024 * 1024;
const FORMAT: u32 = 1;

/// The highest version of one plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Peak {
    pub(crate) name: String,
    pub(crate) author: String,
    pub(crate) highest: Version,
}

/// What was accepted so far. Every writing raises the serial.
#[derive(Debug, Default)]
pub(crate) struct State {
    path: PathBuf,
    /// 0 = there is no file.
    pub(crate) serial: u64,
    peaks: Vec<Peak>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    format: u32,
    serial: u64,
    plugins: Vec<Peak>,
}

/// The checksum finds damage and careless edits. It is no signature: whoever may write the file may compute it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    state: Body,
    /// Of `state` in JSON without white space.
    sha256: Digest,
}

impl State {
    /// Reads the state at `path`; absent is empty.
    ///
    /// # Errors
    /// `trust-state-invalid`, `trust-store-permissions`, `io-error`.
    pub(crate) fn load(path: &Path) -> Result<Self, Error> {
        let invalid = |reason: String| Error::TrustStateInvalid { path: path.to_owned(), reason };
        let content = match guarded_file::read(path, MAX_BYTES)? {
            Content::Absent => return Ok(Self { path: path.to_owned(), ..Self::default() }),
            Content::Whole(content) => content,
            Content::TooLong => {
                return Err(invalid(format!("it is longer than {MAX_BYTES} bytes")));
            }
        };
        let Body { format: _, serial, plugins: peaks } = parse(&content).map_err(invalid)?;
        Ok(Self { path: path.to_owned(), serial, peaks })
    }

    /// A state in place of one that is lost.
    pub(crate) fn anew(path: &Path, serial: u64) -> Self {
        Self { path: path.to_owned(), serial, peaks: Vec::new() }
    }

    pub(crate) fn highest(&self, name: &str, author: &str) -> Option<&Version> {
        let peak = self.peaks.iter().find(|peak| peak.name == name && peak.author == author);
        peak.map(|peak| &peak.highest)
    }

    /// Remembers a version; true if it is higher than all before.
    pub(crate) fn raise(&mut self, name: &str, author: &str, version: &Version) -> bool {
        let known = self.peaks.iter_mut().find(|peak| peak.name == name && peak.author == author);
        match known {
            Some(peak) if version.cmp_precedence(&peak.highest).is_le() => return false,
            Some(peak) => peak.highest = version.clone(),
            None => {
                let (name, author) = (name.to_owned(), author.to_owned());
                self.peaks.push(Peak { name, author, highest: version.clone() });
                self.peaks.sort_by(|a, b| (&a.name, &a.author).cmp(&(&b.name, &b.author)));
            }
        }
        true
    }

    /// Forgets a name, whoever its author is; true if it was known.
    pub(crate) fn forget(&mut self, name: &str) -> bool {
        let before = self.peaks.len();
        self.peaks.retain(|peak| peak.name != name);
        self.peaks.len() != before
    }

    /// Writes the file whole, with the next serial.
    pub(crate) fn write(&mut self) -> Result<(), Error> {
        let serial = self.serial.saturating_add(1);
        let state = Body { format: FORMAT, serial, plugins: self.peaks.clone() };
        let unwritable = |error: serde_json::Error| Error::TrustStateInvalid {
            path: self.path.clone(),
            reason: error.to_string(),
        };
        let sha256 = Digest::of(&serde_json::to_vec(&state).map_err(unwritable)?);
        let document = Document { state, sha256 };
        let mut text = serde_json::to_vec_pretty(&document).map_err(unwritable)?;
        text.push(b'\n');
        atomic_file::create_folders(self.path.parent().unwrap_or(Path::new("")))?;
        atomic_file::write(&self.path, &text, Mode::from_raw_mode(0o600), Overwrite::Replace)?;
        self.serial = serial;
        Ok(())
    }
}

fn parse(content: &[u8]) -> Result<Body, String> {
    let Document { state, sha256 } =
        serde_json::from_slice(content).map_err(|error| error.to_string())?;
    let body = serde_json::to_vec(&state).map_err(|error| error.to_string())?;
    if Digest::of(&body) != sha256 {
        return Err("its checksum does not fit its content".to_owned());
    }
    if state.format != FORMAT {
        return Err(format!("its format is {}, this stormdb knows {FORMAT}", state.format));
    }
    let bad = |peak: &&Peak| !is_plugin_name(&peak.name) || !is_author_name(&peak.author);
    match state.plugins.iter().find(bad) {
        Some(peak) => Err(format!("{:?} by {:?} is no plugin", peak.name, peak.author)),
        None if state.serial == 0 => Err("its serial is 0".to_owned()),
        None => Ok(state),
    }
}

/// Why `version` is not believed after `highest`, if it is not.
pub(crate) fn implausible(version: &Version, highest: Option<&Version>) -> Option<String> {
    let Version { major, minor, patch, .. } = version;
    if [major, minor, patch].into_iter().any(|part| *part > MAX_VERSION_PART) {
        return Some(format!("a part of it is above {MAX_VERSION_PART}"));
    }
    let highest = highest?;
    (*major > highest.major.saturating_add(MAX_MAJOR_STEP))
        .then(|| format!("the highest so far was {highest}"))
}
