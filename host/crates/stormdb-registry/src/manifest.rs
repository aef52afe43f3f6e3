//! `plugin.toml`: what a plugin says about itself, and the one way to read it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use jiff::Timestamp;
use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::digest::Digest;
use crate::names::{
    AUTHOR_RULE, FILE_RULE, PLUGIN_RULE, WORKLOAD_RULE, is_author_name, is_file_name,
    is_plain_text, is_plugin_name, is_workload_name,
};

/// The manifest's file name in a bundle.
pub const MANIFEST_FILE: &str = "plugin.toml";
/// The signature's file name in a bundle.
pub const SIGNATURE_FILE: &str = "plugin.toml.sig";

/// The file name of the signature with this number, from 1: `plugin.toml.sig`, then `plugin.toml.2.sig`.
pub(crate) fn signature_file(number: usize) -> String {
    if number == 1 { SIGNATURE_FILE.to_owned() } else { format!("plugin.toml.{number}.sig") }
}

/// No manifest is longer; checked before it is parsed.
pub const MAX_MANIFEST_BYTES: u64 = 64 * 1024;

const MAX_VERSION_BYTES: usize = 64;
const MAX_DESCRIPTION_BYTES: usize = 1_000;
const MAX_WORKLOADS: usize = 64;
const MAX_DEPENDENCIES: usize = 256;

/// A checked manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    pub name: String,
    pub version: Version,
    /// The author as the trust store names them.
    pub author: String,
    pub description: String,
    /// The versions of `stormdb-plugin-api` that the plugin runs with: `"1.0"` means 1.0 or a later 1.x.
    pub api: VersionReq,
    /// The target triple that the library was built for.
    pub target: String,
    /// The workloads that the plugin offers, so that they are known without running its code. Sorted, no duplicates.
    pub workloads: Vec<String>,
    pub library: Library,
    /// After this time the author no longer stands by it.
    pub expires: Option<Timestamp>,
    /// Other plugins that must be loaded first, and what is asked of each.
    pub dependencies: BTreeMap<String, Requirement>,
}

/// What a plugin asks of another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Requirement {
    pub versions: VersionReq,
    /// Whose it must be; `None` = anyone's, as long as there is one author of that name only.
    pub author: Option<String>,
}

impl Requirement {
    /// Whether a plugin is what was asked for, but for its name.
    pub(crate) fn admits(&self, plugin: &Manifest) -> bool {
        self.versions.matches(&plugin.version)
            && self.author.as_ref().is_none_or(|author| *author == plugin.author)
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.author {
            Some(author) => write!(f, "{} by {author}", self.versions),
            None => self.versions.fmt(f),
        }
    }
}

/// The one library of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Library {
    /// The file's name; it lies directly in the bundle.
    pub file: String,
    pub sha256: Digest,
    /// In bytes.
    pub size: u64,
}

/// The manifest as it is written. The order of the fields is the order in the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawManifest {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) author: String,
    pub(crate) description: String,
    pub(crate) api: String,
    pub(crate) target: String,
    pub(crate) workloads: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<String>,
    pub(crate) library: Library,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) dependencies: BTreeMap<String, String>,
}

impl Manifest {
    /// Reads a manifest; `path` is for messages alone.
    ///
    /// # Errors
    /// `manifest-too-large`, `manifest-invalid`, `name-invalid`, `path-invalid`.
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() as u64 > MAX_MANIFEST_BYTES {
            return Err(Error::ManifestTooLarge {
                path: path.to_owned(),
                limit: MAX_MANIFEST_BYTES,
            });
        }
        let text = checked_text(path, bytes)?;
        let raw: RawManifest =
            toml::from_str(text).map_err(|error| toml_error(path, text, &error))?;
        raw.check(path)
    }

    /// The canonical text: one spelling for one manifest. [`Manifest::parse`] reads it back.
    pub(crate) fn to_toml(&self) -> Result<String, toml::ser::Error> {
        let Self {
            name,
            version,
            author,
            description,
            api,
            target,
            workloads,
            expires,
            library,
            dependencies,
        } = self;
        toml::to_string(&RawManifest {
            name: name.clone(),
            version: version.to_string(),
            author: author.clone(),
            description: description.clone(),
            api: api.to_string(),
            target: target.clone(),
            workloads: workloads.clone(),
            expires: expires.map(|time| time.to_string()),
            library: library.clone(),
            dependencies: dependencies
                .iter()
                .map(|(name, Requirement { versions, author })| {
                    let pin = author.as_ref().map(|author| format!("@{author}"));
                    (format!("{name}{}", pin.unwrap_or_default()), versions.to_string())
                })
                .collect(),
        })
    }

    /// `NAME VERSION`, for messages.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} {}", self.name, self.version)
    }

    /// `NAME-VERSION.stormplug`: the name that the bundle's folder must have.
    #[must_use]
    pub fn folder_name(&self) -> String {
        format!("{}-{}.stormplug", self.name, self.version)
    }
}

impl RawManifest {
    /// Checks every field; `path` is for messages alone.
    pub(crate) fn check(self, path: &Path) -> Result<Manifest, Error> {
        let invalid = |reason: String| Error::ManifestInvalid { path: path.to_owned(), reason };
        let RawManifest {
            name,
            version,
            author,
            description,
            api,
            target,
            mut workloads,
            expires,
            library,
            dependencies,
        } = self;
        check_name(path, "plugin name", &name, PLUGIN_RULE, is_plugin_name)?;
        check_name(path, "author", &author, AUTHOR_RULE, is_author_name)?;
        for workload in &workloads {
            check_name(path, "workload name", workload, WORKLOAD_RULE, is_workload_name)?;
        }
        if !is_file_name(&library.file)
            || [MANIFEST_FILE, SIGNATURE_FILE].contains(&library.file.as_str())
        {
            return Err(Error::PathInvalid { path: library.file, reason: FILE_RULE.to_owned() });
        }
        if description.len() > MAX_DESCRIPTION_BYTES || !is_plain_text(&description) {
            return Err(invalid(format!(
                "`description` must be one line of at most {MAX_DESCRIPTION_BYTES} bytes without control characters"
            )));
        }
        if target.is_empty()
            || !target.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b))
        {
            return Err(invalid(format!("`target` is {target:?}, expected a target triple")));
        }
        let declared = workloads.len();
        workloads.sort();
        workloads.dedup();
        if workloads.len() != declared || declared > MAX_WORKLOADS {
            return Err(invalid(format!(
                "`workloads` must be at most {MAX_WORKLOADS} different names"
            )));
        }
        if dependencies.len() > MAX_DEPENDENCIES {
            return Err(invalid(format!("there are more than {MAX_DEPENDENCIES} dependencies")));
        }
        let mut wanted = BTreeMap::new();
        for (key, versions) in dependencies {
            let (dependency, requirement) = dependency_of(path, &key, &versions)?;
            if wanted.insert(dependency, requirement).is_some() {
                return Err(invalid(format!("dependency {key:?} is stated twice")));
            }
        }
        let expires = expires.map(|text| {
            text.parse::<Timestamp>()
                .map_err(|error| invalid(format!("`expires` {text:?} is no time: {error}")))
        });
        Ok(Manifest {
            version: version_of(&version)
                .map_err(|reason| invalid(format!("`version` {version:?}: {reason}")))?,
            api: requirement_of(&api)
                .map_err(|reason| invalid(format!("`api` {api:?}: {reason}")))?,
            name,
            author,
            description,
            target,
            workloads,
            expires: expires.transpose()?,
            library,
            dependencies: wanted,
        })
    }
}

/// One dependency: `NAME` or `NAME@AUTHOR`, and the versions.
fn dependency_of(path: &Path, key: &str, versions: &str) -> Result<(String, Requirement), Error> {
    let (name, author) = match key.split_once('@') {
        Some((name, author)) => (name, Some(author)),
        None => (key, None),
    };
    check_name(path, "dependency", name, PLUGIN_RULE, is_plugin_name)?;
    if let Some(author) = author {
        check_name(path, "author of a dependency", author, AUTHOR_RULE, is_author_name)?;
    }
    let requirement = requirement_of(versions).map_err(|reason| Error::ManifestInvalid {
        path: path.to_owned(),
        reason: format!("requirement {versions:?} on {name:?}: {reason}"),
    })?;
    let author = author.map(str::to_owned);
    Ok((name.to_owned(), Requirement { versions: requirement, author }))
}

/// UTF-8 without a byte-order mark, control characters (but newline and tab) and invisible or reordering characters.
pub(crate) fn checked_text<'a>(path: &Path, bytes: &'a [u8]) -> Result<&'a str, Error> {
    let invalid = |reason: String| Error::ManifestInvalid { path: path.to_owned(), reason };
    let text = str::from_utf8(bytes)
        .map_err(|error| invalid(format!("byte {} is not UTF-8", error.valid_up_to())))?;
    for (number, line) in text.split('\n').enumerate() {
        if !is_plain_text(&line.replace('\t', " ")) {
            return Err(invalid(format!(
                "line {} has a control or invisible character",
                number + 1
            )));
        }
    }
    Ok(text)
}

pub(crate) fn toml_error(path: &Path, text: &str, error: &toml::de::Error) -> Error {
    let line = error
        .span()
        .and_then(|span| text.get(..span.start))
        .map(|before| before.matches('\n').count() + 1);
    let place = line.map(|line| format!("line {line}: ")).unwrap_or_default();
    // A key may spell a control character as an escape.
    let message =
        error.message().replace(|c: char| !is_plain_text(c.encode_utf8(&mut [0; 4])), " ");
    Error::ManifestInvalid { path: path.to_owned(), reason: format!("{place}{message}") }
}

fn check_name(
    path: &Path,
    what: &'static str,
    name: &str,
    rule: &'static str,
    allowed: fn(&str) -> bool,
) -> Result<(), Error> {
    if allowed(name) {
        return Ok(());
    }
    let name = name.chars().take(80).collect();
    Err(Error::NameInvalid { path: path.to_owned(), what, name, rule })
}

fn version_of(text: &str) -> Result<Version, String> {
    if text.len() > MAX_VERSION_BYTES {
        return Err(format!("it is longer than {MAX_VERSION_BYTES} bytes"));
    }
    Version::parse(text).map_err(|error| error.to_string())
}

fn requirement_of(text: &str) -> Result<VersionReq, String> {
    if text.len() > MAX_VERSION_BYTES {
        return Err(format!("it is longer than {MAX_VERSION_BYTES} bytes"));
    }
    VersionReq::parse(text).map_err(|error| error.to_string())
}
