//! The lock file `stormdb.lock`: the exact bytes of every plugin that was accepted here.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::fs::Mode;
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::atomic_file::{self, Overwrite};
use crate::digest::Digest;
use crate::guarded_file::{self, Content, Fault, plain_text, toml_fault};
use crate::names::{is_author_name, is_plugin_name};
use crate::trust_policy::Fingerprint;
use crate::verify::{HOST_TARGET, Trusted};

/// The lock's file name, beside the trust store.
pub const LOCK_FILE: &str = "stormdb.lock";
/// The longest file that is read; enough for some thousand entries.
pub(crate) const MAX_BYTES: u64 = 2 * 1024 * 1024;

const FORMAT: u32 = 1;
const HEAD: &str = "# Written by stormdb: the plugins that were accepted here, by their exact bytes.\n\
                    # `stormdb plugin update` accepts others.\n\n";

/// One accepted plugin. Name, version and target are given once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub name: String,
    pub version: Version,
    /// The triple that the library was built for.
    pub target: String,
    pub library_sha256: Digest,
    pub manifest_sha256: Digest,
    pub author: String,
    /// The key that had signed it when it was accepted.
    pub key: Fingerprint,
    /// When it was accepted.
    pub accepted: Timestamp,
}

/// What a lock file says about a plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// These bytes were accepted before.
    Locked,
    /// This name, version and target is not in it.
    New,
}

/// The entries of one lock file, by name, version and target. A file that does not exist has none.
#[derive(Debug, Default)]
pub struct Lock {
    path: PathBuf,
    /// The serial of the rollback state at the last writing; 0 = there was none.
    pub(crate) state_serial: u64,
    entries: Vec<Entry>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: u32,
    state_serial: u64,
    #[serde(default, rename = "plugin")]
    plugins: Vec<Entry>,
}

impl Lock {
    /// Reads the lock at `path`, whole or not at all.
    ///
    /// # Errors
    /// `lock-invalid` with the line, `trust-store-permissions`, `io-error`.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let invalid = |Fault { line, reason }| {
            Err(Error::LockInvalid { path: path.to_owned(), line, reason })
        };
        let content = match guarded_file::read(path, MAX_BYTES)? {
            Content::Absent => Vec::new(),
            Content::Whole(content) => content,
            Content::TooLong => {
                let reason = format!("the file is longer than {MAX_BYTES} bytes");
                return invalid(Fault { line: 1, reason });
            }
        };
        if content.is_empty() {
            return Ok(Self { path: path.to_owned(), ..Self::default() });
        }
        match parse(&content) {
            Ok(Document { format: _, state_serial, plugins }) => {
                Ok(Self { path: path.to_owned(), state_serial, entries: plugins })
            }
            Err(fault) => invalid(fault),
        }
    }

    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// By name, version and target.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    fn find(&self, name: &str, version: &Version) -> Option<&Entry> {
        self.entries.iter().find(|entry| {
            entry.name == name && entry.version == *version && entry.target == HOST_TARGET
        })
    }

    /// Whether these bytes were accepted before.
    ///
    /// # Errors
    /// `lock-mismatch` if other bytes were, under the same name and version.
    pub(crate) fn standing(&self, plugin: &Trusted) -> Result<Standing, Error> {
        let Trusted { bundle, manifest, manifest_sha256, .. } = plugin;
        let Some(entry) = self.find(&manifest.name, &manifest.version) else {
            return Ok(Standing::New);
        };
        let (what, locked, found) = if entry.library_sha256 != manifest.library.sha256 {
            ("library", entry.library_sha256, manifest.library.sha256)
        } else if entry.manifest_sha256 != *manifest_sha256 {
            ("manifest", entry.manifest_sha256, *manifest_sha256)
        } else {
            return Ok(Standing::Locked);
        };
        Err(Error::LockMismatch {
            bundle: bundle.clone(),
            what,
            locked: locked.to_string().into(),
            found: found.to_string().into(),
            lock: self.path.clone(),
            name: manifest.name.as_str().into(),
        })
    }

    /// Puts an entry in, in the place of one with the same name, version and target.
    pub(crate) fn put(&mut self, entry: Entry) {
        self.entries.retain(|other| identity(other) != identity(&entry));
        self.entries.push(entry);
        self.entries.sort_by(|a, b| identity(a).cmp(&identity(b)));
    }

    /// Takes entries out; true if there were any.
    pub(crate) fn remove(&mut self, leaves: impl Fn(&Entry) -> bool) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| !leaves(entry));
        self.entries.len() != before
    }

    /// Writes the file whole.
    pub(crate) fn write(&self) -> Result<(), Error> {
        let Self { path, state_serial, entries } = self;
        let document =
            Document { format: FORMAT, state_serial: *state_serial, plugins: entries.clone() };
        let text = toml::to_string(&document).map_err(|error| Error::LockInvalid {
            path: path.clone(),
            line: 1,
            reason: error.to_string(),
        })?;
        atomic_file::create_folders(path.parent().unwrap_or(Path::new("")))?;
        let text = format!("{HEAD}{text}");
        atomic_file::write(path, text.as_bytes(), Mode::from_raw_mode(0o644), Overwrite::Replace)
    }
}

fn identity(entry: &Entry) -> (&str, &Version, &str) {
    (&entry.name, &entry.version, &entry.target)
}

/// Reads a whole lock; all of it is good, or the first fault is named.
fn parse(bytes: &[u8]) -> Result<Document, Fault> {
    let text = plain_text(bytes)?;
    let document: Document = toml::from_str(text).map_err(|error| toml_fault(text, &error))?;
    let fault = |nth: usize, reason: String| {
        let heads = (1..).zip(text.lines()).filter(|(_, line)| line.trim() == "[[plugin]]");
        Fault { line: heads.map(|(line, _)| line).nth(nth).unwrap_or(1), reason }
    };
    if document.format != FORMAT {
        let reason = format!("its format is {}, this stormdb knows {FORMAT}", document.format);
        return Err(Fault { line: 1, reason });
    }
    let mut seen = BTreeSet::new();
    for (nth, entry) in document.plugins.iter().enumerate() {
        if !is_plugin_name(&entry.name) || !is_author_name(&entry.author) {
            return Err(fault(nth, "its name or author is not one".to_owned()));
        }
        if !seen.insert(identity(entry)) {
            return Err(fault(nth, format!("{} {} is listed twice", entry.name, entry.version)));
        }
    }
    Ok(document)
}

/// How many plugins a lock lists.
pub(crate) fn listed(content: &[u8]) -> Option<usize> {
    parse(content).ok().map(|document| document.plugins.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_bad_line_refuses_the_file_and_is_named() {
        let good = format!(
            "format = 1\nstate_serial = 3\n\n[[plugin]]\nname = \"tpcc\"\nversion = \"1.0.0\"\ntarget = \"x\"\n\
             library_sha256 = \"{0}\"\nmanifest_sha256 = \"{0}\"\nauthor = \"alice\"\n\
             key = \"SHA256:{1}\"\naccepted = \"2026-11-01T00:00:00Z\"\n",
            "a".repeat(64),
            "A".repeat(43)
        );
        assert_eq!(parse(good.as_bytes()).map(|lock| lock.plugins.len()), Ok(1));
        let entry = good.split_once("[[plugin]]").unwrap().1;
        let twice = format!("{good}[[plugin]]{entry}");
        for (bad, line) in [
            (good.replace("format = 1", "format = 2"), 1),
            (good.replace("tpcc", "TPCC"), 4),
            (good.replace("1.0.0", "1.0"), 6),
            (good.replace("aaaa", "AAAA"), 8),
            (good.replace("alice", "al*"), 4),
            (good.replace("SHA256:A", "SHA256:"), 11),
            (good.replace("2026-11-01T", "2026-13-01T"), 12),
            (good.replace("name =", "trusted = true\nname ="), 5),
            (good.replace("author = \"alice\"\n", ""), 4),
            (format!("{good}\u{202e}"), 13),
            (twice, 13),
        ] {
            assert_eq!(
                parse(bad.as_bytes()).map(|_| ()).map_err(|fault| fault.line),
                Err(line),
                "{bad}"
            );
        }
        assert_eq!(parse(b"\xff").map(|_| ()).map_err(|fault| fault.line), Err(1));
    }
}
