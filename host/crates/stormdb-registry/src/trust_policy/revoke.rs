//! Revoking: a line more in the trust policy, the rest of the file as it was.

use std::path::Path;
use std::str::FromStr;

use rustix::fs::Mode;
use semver::VersionReq;

use super::rules::Fingerprint;
use super::{invalid, parse, read};
use crate::Error;
use crate::atomic_file::{self, Overwrite};
use crate::digest::Digest;
use crate::guarded_file::Fault;
use crate::names::is_plugin_name;

/// What is not to be used any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revocation {
    /// A key: everything that it signed.
    Key(Fingerprint),
    /// Versions of a plugin.
    Versions(String, VersionReq),
    /// The plugin whose library or manifest has this SHA-256.
    Content(Digest),
}

impl FromStr for Revocation {
    type Err = String;

    /// `SHA256:…`, 64 hexadecimal digits, `NAME@VERSION` or `NAME@REQUIREMENT`.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with("SHA256:") {
            return Fingerprint::try_from(text.to_owned()).map(Self::Key);
        }
        if let Ok(digest) = text.parse() {
            return Ok(Self::Content(digest));
        }
        let (name, versions) =
            text.split_once('@').filter(|(name, _)| is_plugin_name(name)).ok_or_else(|| {
                format!("{text:?} is neither a key's fingerprint, nor a SHA-256, nor NAME@VERSION")
            })?;
        let exact = versions.starts_with(|c: char| c.is_ascii_digit());
        let versions = if exact { format!("={versions}") } else { versions.to_owned() };
        match VersionReq::parse(&versions) {
            Ok(versions) => Ok(Self::Versions(name.to_owned(), versions)),
            Err(error) => Err(format!("{versions:?} is not a version: {error}")),
        }
    }
}

impl Revocation {
    fn written(&self, reason: &str) -> String {
        let quoted = |text: &str| toml::Value::from(text).to_string();
        let what = match self {
            Self::Key(key) => format!("[[revoked_key]]\nkey = {}\n", quoted(&key.to_string())),
            Self::Versions(name, versions) => format!(
                "[[revoked_plugin]]\nname = {}\nversions = {}\n",
                quoted(name),
                quoted(&versions.to_string())
            ),
            Self::Content(digest) => {
                format!("[[revoked_plugin]]\nsha256 = {}\n", quoted(&digest.to_string()))
            }
        };
        let reason = if reason.is_empty() {
            String::new()
        } else {
            format!("reason = {}\n", quoted(reason))
        };
        format!("{what}{reason}")
    }
}

/// Appends a revocation to the policy at `path`, which is made if it is not there.
///
/// # Errors
/// As [`super::TrustPolicy::load`], also if the file with the new lines would not be valid.
pub fn revoke(path: &Path, what: &Revocation, reason: &str) -> Result<(), Error> {
    atomic_file::create_folders(path.parent().unwrap_or(Path::new("")))?;
    let (mut content, _rules) = read(path)?.unwrap_or_default();
    if !content.is_empty() {
        content.extend_from_slice(if content.ends_with(b"\n") { b"\n" } else { b"\n\n" });
    }
    content.extend_from_slice(what.written(reason).as_bytes());
    parse(&content).map_err(|Fault { line, reason }| {
        let reason = format!("with the revocation at its end it would not be valid ({reason})");
        invalid(path, Fault { line, reason })
    })?;
    atomic_file::write(path, &content, Mode::from_raw_mode(0o644), Overwrite::Replace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_revoked_is_told_by_its_form() {
        let key = format!("SHA256:{}", "A".repeat(43));
        assert!(matches!(key.parse(), Ok(Revocation::Key(_))));
        assert!(matches!("a".repeat(64).parse(), Ok(Revocation::Content(_))));
        let versions = |text: &str| match text.parse() {
            Ok(Revocation::Versions(name, versions)) => format!("{name} {versions}"),
            other => format!("{other:?}"),
        };
        assert_eq!(versions("tpcc@1.0.0"), "tpcc =1.0.0");
        assert_eq!(versions("tpcc@<1.2"), "tpcc <1.2");
        assert_eq!(versions("tpcc@*"), "tpcc *");
        for bad in ["", "tpcc", "TPCC@1.0.0", "SHA256:x", "tpcc@", "tpcc@one", "alice@example.org"]
        {
            assert!(bad.parse::<Revocation>().is_err(), "{bad}");
        }
    }
}
