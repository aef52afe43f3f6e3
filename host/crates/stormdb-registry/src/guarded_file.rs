//! Files that decide about trust: read whole, and only where nobody else can change them.

use std::path::Path;

use crate::Error;
use crate::folder::{FileRule, Folder};
use crate::names::is_plain_text;

/// What lies at a path.
pub(crate) enum Content {
    Absent,
    Whole(Vec<u8>),
    /// More than the limit.
    TooLong,
}

/// What is wrong in a file, and on which line (from 1).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) line: usize,
    pub(crate) reason: String,
}

/// Reads the file at `path`, at most `limit` bytes of it.
///
/// # Errors
/// `trust-store-permissions` if it is a link or no file, or if others can change it or a folder above it; `io-error`.
pub(crate) fn read(path: &Path, limit: u64) -> Result<Content, Error> {
    let permissions = |reason| Error::TrustStorePermissions { path: path.to_owned(), reason };
    let (folder, name) = match Folder::of_file(path) {
        Err(Error::Io { source: rustix::io::Errno::NOENT, .. }) => return Ok(Content::Absent),
        opened => opened?,
    };
    folder.check_ancestors().map_err(|error| permissions(format!("is not safe: {error}")))?;
    let file = match folder.open_file(&name, FileRule::Any) {
        Ok(Some(file)) => file,
        Ok(None) => return Ok(Content::Absent),
        Err(Error::SymlinkRefused { .. }) => {
            return Err(permissions("is a symbolic link".to_owned()));
        }
        Err(Error::NotRegularFile { found, .. }) => return Err(permissions(format!("is {found}"))),
        Err(error) => return Err(error),
    };
    if let Some(reason) = file.changeable_by_others() {
        return Err(permissions(reason));
    }
    Ok(file.read(limit)?.map_or(Content::TooLong, Content::Whole))
}

/// UTF-8 of lines that end in a line feed alone, without control and invisible characters (but tabs).
pub(crate) fn plain_text(bytes: &[u8]) -> Result<&str, Fault> {
    let line_at = |at: usize| {
        let before = bytes.get(..at).unwrap_or_default();
        1 + before.iter().filter(|byte| **byte == b'\n').count()
    };
    let text = str::from_utf8(bytes).map_err(|error| Fault {
        line: line_at(error.valid_up_to()),
        reason: "it is not UTF-8".to_owned(),
    })?;
    let odd =
        (1..).zip(text.split('\n')).find(|(_, line)| !is_plain_text(&line.replace('\t', " ")));
    match odd {
        Some((line, _)) => {
            Err(Fault { line, reason: "it has a control or invisible character".to_owned() })
        }
        None => Ok(text),
    }
}

/// What the TOML reader says about `text`, in one line.
pub(crate) fn toml_fault(text: &str, error: &toml::de::Error) -> Fault {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    // A key may spell a control character as an escape.
    let reason = error.message().replace(|c: char| !is_plain_text(c.encode_utf8(&mut [0; 4])), " ");
    Fault { line: 1 + before.matches('\n').count(), reason }
}
