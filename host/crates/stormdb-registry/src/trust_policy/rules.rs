//! The rules that a trust policy can state, and how each is spelled.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use semver::{BuildMetadata, Op, Prerelease, Version, VersionReq};
use serde::{Deserialize, Serialize};

use crate::bundle::MAX_SIGNATURES;
use crate::digest::Digest;
use crate::manifest::Manifest;
use crate::names::{is_author_name, is_plain_text, is_plugin_name};

/// What a policy file says. Everything may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// Only what the lock file lists may run, as if `--locked` were always given.
    pub locked: bool,
    /// By the author's exact name.
    author: BTreeMap<AuthorName, AuthorRule>,
    /// By a plugin's name, or a prefix with `*`.
    plugin: BTreeMap<NamePattern, PluginRule>,
    revoked_key: Vec<RevokedKey>,
    revoked_plugin: Vec<RevokedPlugin>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct AuthorRule {
    /// The names that the author may sign; absent = all.
    plugins: Option<Vec<NamePattern>>,
    /// Different keys that must have signed each plugin of the author.
    #[serde(default)]
    signatures: Threshold,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PluginRule {
    /// Different keys that must have signed it.
    #[serde(default)]
    signatures: Threshold,
    /// Older versions are refused.
    minimum_version: Option<Version>,
}

/// A key that signs nothing any more.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RevokedKey {
    key: Fingerprint,
    #[serde(default)]
    reason: Reason,
}

/// Plugins that run no more: versions of a name, or one content.
#[derive(Debug, Deserialize)]
#[serde(try_from = "RawRevokedPlugin")]
pub(super) struct RevokedPlugin {
    what: Revoked,
    reason: Reason,
}

#[derive(Debug)]
enum Revoked {
    Versions(String, VersionReq),
    /// Of the library or of the manifest.
    Content(Digest),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRevokedPlugin {
    name: Option<String>,
    versions: Option<VersionReq>,
    sha256: Option<Digest>,
    #[serde(default)]
    reason: Reason,
}

impl TryFrom<RawRevokedPlugin> for RevokedPlugin {
    type Error = &'static str;

    fn try_from(raw: RawRevokedPlugin) -> Result<Self, &'static str> {
        let RawRevokedPlugin { name, versions, sha256, reason } = raw;
        let what = match (name, versions, sha256) {
            (Some(name), versions, None) if is_plugin_name(&name) => {
                Revoked::Versions(name, versions.unwrap_or(VersionReq::STAR))
            }
            (Some(_), _, None) => return Err("`name` is not the name of a plugin"),
            (None, None, Some(digest)) => Revoked::Content(digest),
            _ => return Err("a revoked plugin has either `name` and `versions`, or `sha256`"),
        };
        Ok(Self { what, reason })
    }
}

impl Rules {
    pub(super) fn revoked_key(&self, fingerprint: &str) -> Option<&RevokedKey> {
        self.revoked_key.iter().find(|revoked| revoked.key.0 == fingerprint)
    }

    pub(super) fn revoked_plugin(
        &self,
        manifest: &Manifest,
        manifest_sha256: Digest,
    ) -> Option<&RevokedPlugin> {
        self.revoked_plugin.iter().find(|revoked| match &revoked.what {
            Revoked::Versions(name, versions) => {
                *name == manifest.name && covers(versions, &manifest.version)
            }
            Revoked::Content(digest) => [manifest.library.sha256, manifest_sha256].contains(digest),
        })
    }

    /// The names that `author` may sign; `None` = all.
    pub(super) fn names_of(&self, author: &str) -> Option<&[NamePattern]> {
        self.author.get(&AuthorName(author.to_owned()))?.plugins.as_deref()
    }

    /// The largest threshold of those that apply; 1 if none does.
    pub(super) fn signatures_wanted(&self, author: &str, name: &str) -> usize {
        let of_author = self.author.get(&AuthorName(author.to_owned())).map(|rule| rule.signatures);
        let of_name = self.rules_for(name).map(|rule| rule.signatures);
        of_author.into_iter().chain(of_name).map(|Threshold(keys)| keys).max().unwrap_or(1)
    }

    /// The largest minimum of those that apply.
    pub(super) fn minimum_of(&self, name: &str) -> Option<&Version> {
        self.rules_for(name)
            .filter_map(|rule| rule.minimum_version.as_ref())
            .max_by(|a, b| a.cmp_precedence(b))
    }

    fn rules_for(&self, name: &str) -> impl Iterator<Item = &PluginRule> {
        self.plugin.iter().filter(move |(names, _)| names.matches(name)).map(|(_, rule)| rule)
    }
}

/// Whether `version` is among those that are revoked.
///
/// [`VersionReq`] leaves pre-releases out (`<1.2.3` does not match `1.2.0-rc.1`), so that nobody gets one unasked. A
/// revocation must not leave them out: a pre-release is covered if the place where it stands in the order is.
fn covers(versions: &VersionReq, version: &Version) -> bool {
    if versions.matches(version) {
        return true;
    }
    let released =
        Version { pre: Prerelease::EMPTY, build: BuildMetadata::EMPTY, ..version.clone() };
    !version.pre.is_empty()
        && versions.comparators.iter().all(|comparator| {
            let bound = Version {
                pre: comparator.pre.clone(),
                ..Version::new(
                    comparator.major,
                    comparator.minor.unwrap_or(0),
                    comparator.patch.unwrap_or(0),
                )
            };
            match comparator.op {
                Op::Less => version.cmp_precedence(&bound).is_lt(),
                _ => comparator.matches(version) || comparator.matches(&released),
            }
        })
}

impl RevokedKey {
    pub(super) fn because(&self) -> String {
        self.reason.or_none()
    }
}

impl RevokedPlugin {
    pub(super) fn because(&self) -> String {
        self.reason.or_none()
    }
}

/// A plugin's name, or the beginning of names followed by `*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct NamePattern(String);

impl NamePattern {
    pub(crate) fn matches(&self, name: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == self.0,
        }
    }
}

impl TryFrom<String> for NamePattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_prefix = |prefix: &str| {
            prefix.len() <= 40
                && prefix.starts_with(|c: char| c.is_ascii_lowercase())
                && prefix.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        };
        let fits = match text.strip_suffix('*') {
            Some(prefix) => prefix.is_empty() || is_prefix(prefix),
            None => is_plugin_name(&text),
        };
        if fits {
            Ok(Self(text))
        } else {
            Err(format!(
                "{text:?} is neither a plugin's name nor the beginning of names with one * at its end"
            ))
        }
    }
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
struct AuthorName(String);

impl TryFrom<String> for AuthorName {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if is_author_name(&text) {
            Ok(Self(text))
        } else {
            Err(format!("{text:?} is not an author's exact name"))
        }
    }
}

/// The fingerprint of a key: `SHA256:` and 43 digits of base64, as `ssh-keygen -l` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint(String);

impl TryFrom<String> for Fingerprint {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let digest =
            text.strip_prefix("SHA256:").and_then(|digits| STANDARD_NO_PAD.decode(digits).ok());
        match digest {
            Some(digest) if digest.len() == 32 => Ok(Self(text)),
            _ => Err(format!(
                "{text:?} is not a fingerprint as `ssh-keygen -l` prints it (SHA256:…)"
            )),
        }
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        fingerprint.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How many different keys must have signed.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "usize")]
struct Threshold(usize);

impl Default for Threshold {
    fn default() -> Self {
        Self(1)
    }
}

impl TryFrom<usize> for Threshold {
    type Error = String;

    fn try_from(keys: usize) -> Result<Self, String> {
        if (1..=MAX_SIGNATURES).contains(&keys) {
            Ok(Self(keys))
        } else {
            Err(format!("`signatures` is {keys}, expected 1 to {MAX_SIGNATURES}"))
        }
    }
}

/// Why something was revoked, in the operator's words; one line.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(try_from = "String")]
struct Reason(String);

impl Reason {
    /// In words, as it stands behind a refusal.
    fn or_none(&self) -> String {
        if self.0.is_empty() { "no reason is given".to_owned() } else { self.0.clone() }
    }
}

impl TryFrom<String> for Reason {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, &'static str> {
        if text.len() <= 500 && is_plain_text(&text) {
            Ok(Self(text))
        } else {
            Err("`reason` is one line of at most 500 bytes")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revocation_covers_the_pre_releases_in_its_range() {
        let check = |versions: &str, version: &str| {
            covers(&versions.parse().unwrap(), &version.parse().unwrap())
        };
        for (versions, covered, spared) in [
            ("<1.2.3", ["1.2.2", "1.2.0-rc.1", "1.2.3-rc.1"], ["1.2.3", "1.3.0-rc.1", "1.2.4"]),
            ("*", ["0.1.0", "1.0.0-a", "9.9.9"], ["", "", ""]),
            ("=1.2.3", ["1.2.3", "1.2.3+build", "1.2.3-rc.1"], ["1.2.4", "1.2.4-rc.1", ""]),
            (">=1.1, <1.3", ["1.1.0", "1.2.9-x", "1.3.0-rc.1"], ["1.3.0", "1.0.9", "1.4.0-a"]),
        ] {
            for version in covered {
                assert!(check(versions, version), "{versions} covers {version}");
            }
            for version in spared.iter().filter(|version| !version.is_empty()) {
                assert!(!check(versions, version), "{versions} spares {version}");
            }
        }
    }

    #[test]
    fn patterns_are_names_or_beginnings() {
        let matches = |pattern: &str, name: &str| {
            NamePattern::try_from(pattern.to_owned()).map(|pattern| pattern.matches(name))
        };
        assert_eq!(matches("acme-*", "acme-tpcc"), Ok(true));
        assert_eq!(matches("acme-*", "acme"), Ok(false));
        assert_eq!(matches("acme-*", "tpcc"), Ok(false));
        assert_eq!(matches("tpcc", "tpcc"), Ok(true));
        assert_eq!(matches("tpcc", "tpcc-2"), Ok(false));
        assert_eq!(matches("*", "tpcc"), Ok(true));
        for bad in ["", "**", "a*b", "*x", "Acme-*", "a b", "acme-?", "stormdb"] {
            assert!(matches(bad, "x").is_err(), "{bad}");
        }
    }
}
