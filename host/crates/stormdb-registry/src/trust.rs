//! The trust store: which keys sign for which authors, read from one file that nobody else can write.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::fs::Mode;

use crate::Error;
use crate::allowed_signers::{self, BadLine, Entry, LineFault, MAX_BYTES};
use crate::atomic_file::{self, Overwrite};
use crate::guarded_file::{self, Content};
use crate::names::{AUTHOR_RULE, is_author_name, is_plain_text};
use crate::public_key::PublicKey;
use crate::sshsig::NAMESPACE;

/// The author of the plugins that come with StormDB.
pub const RELEASE_AUTHOR: &str = "stormdb";

/// The trusted authors of one `allowed_signers` file. A file that does not exist trusts nobody.
#[derive(Debug)]
pub struct TrustStore {
    path: PathBuf,
    entries: Vec<Entry>,
}

/// What a key is trusted for, and when.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// Signature namespaces; none = plugin signatures alone.
    pub namespaces: Vec<String>,
    /// The first second.
    pub valid_after: Option<Timestamp>,
    /// The last second.
    pub valid_before: Option<Timestamp>,
}

impl Limits {
    /// As options of a line.
    fn options(&self) -> String {
        let Self { namespaces, valid_after, valid_before } = self;
        let namespaces =
            if namespaces.is_empty() { NAMESPACE.to_owned() } else { namespaces.join(",") };
        let mut options = format!("namespaces=\"{namespaces}\"");
        for (name, time) in [("valid-after", valid_after), ("valid-before", valid_before)] {
            if let Some(time) = time {
                options.push_str(&format!(",{name}=\"{}\"", time.strftime("%Y%m%d%H%M%SZ")));
            }
        }
        options
    }
}

/// Why a key that made a good signature is not accepted all the same.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Distrust<'a> {
    Untrusted(String),
    Expired { entry: &'a Entry, at: Timestamp },
    NotYetValid { entry: &'a Entry, at: Timestamp },
}

impl TrustStore {
    /// Reads the store at `path`, whole or not at all.
    ///
    /// # Errors
    /// `trust-store-permissions` (a link, or others can write the file or a folder above it), `trust-store-invalid` and
    /// `key-weak` with the line, `io-error`.
    pub fn load(path: &Path) -> Result<Self, Error> {
        Self::load_beside(built_in(option_env!("STORMDB_RELEASE_KEY"))?, path)
    }

    /// The store at `path` with the trust that is built in.
    fn load_beside(mut built_in: Vec<Entry>, path: &Path) -> Result<Self, Error> {
        let (_content, mut entries) = read(path)?;
        // The file may name the project's key, too: with limits of its own, which then hold.
        built_in.retain(|built_in| !entries.iter().any(|entry| entry.key == built_in.key));
        entries.append(&mut built_in);
        Ok(Self { path: path.to_owned(), entries })
    }

    /// Where the store was read from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The entries in the order of the file, then those that are built in: their line is 0.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Trusts `key` for `author` (for plugin signatures alone, without a limit in time) from now on.
    ///
    /// # Errors
    /// As [`TrustStore::add_limited`].
    pub fn add(path: &Path, author: &str, key: &PublicKey, comment: &str) -> Result<Entry, Error> {
        Self::add_limited(path, author, key, comment, &Limits::default())
    }

    /// Trusts `key` for `author` within limits: appends a line and writes the file whole.
    ///
    /// # Errors
    /// As [`TrustStore::load`], also for limits that make no line; `name-invalid` for the author, `key-already-trusted`.
    pub fn add_limited(
        path: &Path,
        author: &str,
        key: &PublicKey,
        comment: &str,
        limits: &Limits,
    ) -> Result<Entry, Error> {
        if !is_author_name(author) {
            let (path, name) = (path.to_owned(), author.to_owned());
            return Err(Error::NameInvalid { path, what: "author", name, rule: AUTHOR_RULE });
        }
        if !is_plain_text(comment) {
            return Err(Error::PublicKeyInvalid {
                reason: "its comment has control characters".to_owned(),
            });
        }
        atomic_file::create_folders(path.parent().unwrap_or(Path::new("")))?;
        let (mut content, entries) = read(path)?;
        if let Some(entry) = entries.iter().find(|entry| entry.key == *key) {
            let fingerprint = key.fingerprint();
            return Err(Error::KeyAlreadyTrusted {
                path: path.to_owned(),
                line: entry.line,
                fingerprint,
            });
        }
        if !content.is_empty() && !content.ends_with(b"\n") {
            content.push(b'\n');
        }
        let line = format!("{author} {} {} {comment}", limits.options(), key.to_openssh());
        content.extend_from_slice(line.trim_end().as_bytes());
        content.push(b'\n');
        let mut entries = parse(path, &content)?;
        atomic_file::write(path, &content, Mode::from_raw_mode(0o600), Overwrite::Replace)?;
        entries.pop().ok_or_else(|| Error::TrustStoreInvalid {
            path: path.to_owned(),
            line: 1,
            reason: "the new line was read as a comment".to_owned(),
        })
    }

    /// Takes out the keys of `author`, or the one with this fingerprint. Other lines stay as they are.
    ///
    /// # Errors
    /// As [`TrustStore::load`]; `trust-entry-missing`.
    pub fn remove(
        path: &Path,
        author: &str,
        fingerprint: Option<&str>,
    ) -> Result<Vec<Entry>, Error> {
        let (content, entries) = read(path)?;
        let leaves = |entry: &Entry| {
            entry.author == author
                && fingerprint.is_none_or(|fingerprint| entry.key.fingerprint() == fingerprint)
        };
        let removed: Vec<Entry> = entries.into_iter().filter(leaves).collect();
        if removed.is_empty() {
            let what = match fingerprint {
                Some(fingerprint) => format!("key {fingerprint} of {author:?}"),
                None => format!("author {author:?}"),
            };
            return Err(Error::TrustEntryMissing { path: path.to_owned(), what });
        }
        let mut kept = Vec::with_capacity(content.len());
        for (number, line) in (1..).zip(content.split_inclusive(|byte| *byte == b'\n')) {
            if !removed.iter().any(|entry| entry.line == number) {
                kept.extend_from_slice(line);
            }
        }
        parse(path, &kept)?;
        atomic_file::write(path, &kept, Mode::from_raw_mode(0o600), Overwrite::Replace)?;
        Ok(removed)
    }

    /// The entry that allows `key` to sign plugins at `now`.
    pub(crate) fn allows(&self, key: &PublicKey, now: Timestamp) -> Result<&Entry, Distrust<'_>> {
        let Some(entry) = self.entries.iter().find(|entry| entry.key == *key) else {
            return Err(Distrust::Untrusted("the key is not in it".to_owned()));
        };
        if entry
            .namespaces
            .as_ref()
            .is_some_and(|allowed| !allowed.iter().any(|name| name == NAMESPACE))
        {
            return Err(Distrust::Untrusted(format!(
                "line {} does not list namespace {NAMESPACE}",
                entry.line
            )));
        }
        match (entry.valid_after, entry.valid_before) {
            (Some(at), _) if now < at => Err(Distrust::NotYetValid { entry, at }),
            (_, Some(at)) if now > at => Err(Distrust::Expired { entry, at }),
            _ => Ok(entry),
        }
    }
}

/// The trust that a release is built with: one line of `allowed_signers` for author `stormdb`. A development build has none.
fn built_in(line: Option<&str>) -> Result<Vec<Entry>, Error> {
    let Some(line) = line.filter(|line| !line.is_empty()) else { return Ok(Vec::new()) };
    let path = Path::new("STORMDB_RELEASE_KEY (built in)");
    let entries = parse(path, line.as_bytes())?;
    if let Some(other) = entries.iter().find(|entry| entry.author != RELEASE_AUTHOR) {
        let reason = format!("its author is {:?}, expected {RELEASE_AUTHOR:?}", other.author);
        return Err(Error::TrustStoreInvalid { path: path.to_owned(), line: other.line, reason });
    }
    Ok(entries.into_iter().map(|entry| Entry { line: 0, ..entry }).collect())
}

/// The content and the entries; both empty if there is no file.
fn read(path: &Path) -> Result<(Vec<u8>, Vec<Entry>), Error> {
    let content = match guarded_file::read(path, MAX_BYTES)? {
        Content::Absent => return Ok((Vec::new(), Vec::new())),
        Content::Whole(content) => content,
        Content::TooLong => {
            let reason = format!("the file is longer than {MAX_BYTES} bytes");
            return Err(Error::TrustStoreInvalid { path: path.to_owned(), line: 1, reason });
        }
    };
    let entries = parse(path, &content)?;
    Ok((content, entries))
}

fn parse(path: &Path, content: &[u8]) -> Result<Vec<Entry>, Error> {
    allowed_signers::parse(content).map_err(|BadLine { line, fault }| match fault {
        LineFault::Syntax(reason) => {
            Error::TrustStoreInvalid { path: path.to_owned(), line, reason }
        }
        LineFault::WeakKey => Error::KeyWeak { path: path.to_owned(), line },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

    #[test]
    fn a_release_trusts_the_projects_key_and_a_development_build_trusts_nobody() {
        assert_eq!(built_in(None).unwrap(), []);
        assert_eq!(built_in(Some("")).unwrap(), []);
        let entries = built_in(Some(&format!("stormdb {KEY}\n"))).unwrap();
        assert_eq!((entries[0].author.as_str(), entries[0].line), ("stormdb", 0));
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("allowed_signers");
        let key = entries[0].key.clone();
        let now = Timestamp::now();
        let release = TrustStore::load_beside(entries.clone(), &store).unwrap();
        assert_eq!(release.allows(&key, now).map(|entry| entry.author.as_str()), Ok("stormdb"));
        let development = TrustStore::load_beside(Vec::new(), &store).unwrap();
        assert!(matches!(development.allows(&key, now), Err(Distrust::Untrusted(_))));
        // Whoever states limits for it has the last word.
        std::fs::write(&store, format!("stormdb valid-before=\"20200101Z\" {KEY}\n")).unwrap();
        let limited = TrustStore::load_beside(entries, &store).unwrap();
        assert_eq!(limited.entries().len(), 1);
        assert!(matches!(limited.allows(&key, now), Err(Distrust::Expired { .. })));
        for bad in [format!("mallory {KEY}"), "stormdb".to_owned(), KEY.to_owned()] {
            let error = built_in(Some(&bad)).unwrap_err();
            assert_eq!(error.id(), "trust-store-invalid", "{bad}");
        }
    }
}
