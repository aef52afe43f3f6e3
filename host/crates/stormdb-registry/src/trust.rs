//! The trust store: which keys sign for which authors, read from one file that nobody else can write.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::fs::Mode;

use crate::Error;
use crate::allowed_signers::{self, BadLine, Entry, LineFault, MAX_BYTES};
use crate::atomic_file::{self, Overwrite};
use crate::folder::{FileRule, Folder};
use crate::names::{AUTHOR_RULE, is_author_name, is_plain_text};
use crate::public_key::PublicKey;
use crate::sshsig::NAMESPACE;

/// The trusted authors of one `allowed_signers` file. A file that does not exist trusts nobody.
#[derive(Debug)]
pub struct TrustStore {
    path: PathBuf,
    entries: Vec<Entry>,
}

/// Why a key that made a good signature is not accepted all the same.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Distrust {
    Untrusted(String),
    Expired { author: String, at: Timestamp },
    NotYetValid { author: String, at: Timestamp },
}

impl TrustStore {
    /// Reads the store at `path`, whole or not at all.
    ///
    /// # Errors
    /// `trust-store-permissions` (a link, or others can write the file or a folder above it), `trust-store-invalid` and
    /// `key-weak` with the line, `io-error`.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let (_content, entries) = read(path)?;
        Ok(Self { path: path.to_owned(), entries })
    }

    /// Where the store was read from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The entries in the order of the file.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Trusts `key` for `author` (for plugin signatures alone) from now on: appends a line and writes the file whole.
    ///
    /// # Errors
    /// As [`TrustStore::load`]; `name-invalid` for the author, `key-already-trusted`.
    pub fn add(path: &Path, author: &str, key: &PublicKey, comment: &str) -> Result<Entry, Error> {
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
        let line = format!("{author} namespaces=\"{NAMESPACE}\" {} {comment}", key.to_openssh());
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

    /// The entry that allows `key` to sign plugins at `now`.
    pub(crate) fn allows(&self, key: &PublicKey, now: Timestamp) -> Result<&Entry, Distrust> {
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
        let author = || entry.author.clone();
        match (entry.valid_after, entry.valid_before) {
            (Some(at), _) if now < at => Err(Distrust::NotYetValid { author: author(), at }),
            (_, Some(at)) if now > at => Err(Distrust::Expired { author: author(), at }),
            _ => Ok(entry),
        }
    }
}

/// The content and the entries; both empty if there is no file.
fn read(path: &Path) -> Result<(Vec<u8>, Vec<Entry>), Error> {
    let permissions = |reason| Error::TrustStorePermissions { path: path.to_owned(), reason };
    let (folder, name) = match Folder::of_file(path) {
        Err(Error::Io { source: rustix::io::Errno::NOENT, .. }) => {
            return Ok((Vec::new(), Vec::new()));
        }
        opened => opened?,
    };
    folder.check_ancestors().map_err(|error| permissions(format!("is not safe: {error}")))?;
    let file = match folder.open_file(&name, FileRule::Any) {
        Ok(Some(file)) => file,
        Ok(None) => return Ok((Vec::new(), Vec::new())),
        Err(Error::SymlinkRefused { .. }) => {
            return Err(permissions("is a symbolic link".to_owned()));
        }
        Err(Error::NotRegularFile { found, .. }) => return Err(permissions(format!("is {found}"))),
        Err(error) => return Err(error),
    };
    if let Some(reason) = file.changeable_by_others() {
        return Err(permissions(reason));
    }
    let content = file.read(MAX_BYTES)?.ok_or_else(|| Error::TrustStoreInvalid {
        path: path.to_owned(),
        line: 1,
        reason: format!("the file is longer than {MAX_BYTES} bytes"),
    })?;
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
