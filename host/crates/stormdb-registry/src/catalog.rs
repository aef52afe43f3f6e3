//! Every bundle of the plugin folders, each verified or refused, and the choice of the one that a run needs.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use semver::Version;

use crate::Error;
use crate::authority::Authority;
use crate::bundle::{Candidate, Found, SUFFIX, discover};
use crate::manifest::{MANIFEST_FILE, Manifest};
use crate::names::is_plugin_name;
use crate::resolve::{LoadPlan, resolve};
use crate::verify::{Policy, Verified, verify};

/// What the plugin folders hold. A refused bundle stops nobody but those who need it.
#[derive(Debug, Default)]
pub struct Catalog {
    verified: Vec<Verified>,
    refused: Vec<Refused>,
}

/// A bundle that will not be used, and why.
#[derive(Debug)]
pub struct Refused {
    pub path: PathBuf,
    /// What the bundle says it is. Nobody vouches for it: it only decides which refusal to report.
    pub claim: Option<Claim>,
    pub error: Error,
}

/// What an unverified manifest says, or the folder's name alone if the manifest says nothing readable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    pub name: String,
    pub version: Version,
    /// `None` = unknown.
    pub workloads: Option<Vec<String>>,
}

impl Catalog {
    /// Verifies every bundle in `folders`.
    ///
    /// # Errors
    /// Only what is wrong with a folder itself; see [`discover`].
    pub fn read(
        folders: &[PathBuf],
        authority: &Authority,
        policy: &Policy,
    ) -> Result<Self, Error> {
        let mut catalog = Self::default();
        for folder in folders {
            for entry in discover(folder)? {
                catalog.add(entry, authority, policy);
            }
        }
        catalog.refuse_duplicates();
        catalog.verified.sort_by(|a, b| {
            let key = |plugin: &Verified| {
                (plugin.manifest().name.clone(), plugin.manifest().version.clone())
            };
            key(a).cmp(&key(b))
        });
        Ok(catalog)
    }

    /// The usable plugins, by name and version.
    #[must_use]
    pub fn verified(&self) -> &[Verified] {
        &self.verified
    }

    #[must_use]
    pub fn refused(&self) -> &[Refused] {
        &self.refused
    }

    /// The newest version of the plugin that offers `workload`, with everything it needs, in load order.
    ///
    /// # Errors
    /// `workload-missing`, `duplicate-workload`, the refusal of the bundle that claims to offer it, or a `dependency-*` id.
    pub fn plan_workload(&self, workload: &str) -> Result<LoadPlan<'_>, Error> {
        let offers = |workloads: &[String]| workloads.iter().any(|offered| offered == workload);
        let offering: Vec<&Verified> =
            self.verified.iter().filter(|plugin| offers(&plugin.manifest().workloads)).collect();
        if let Some(root) = newest(&offering) {
            let owner = |plugin: &Verified| {
                (plugin.manifest().name.clone(), plugin.manifest().author.clone())
            };
            if let Some(other) = offering.iter().find(|other| owner(other) != owner(root)) {
                let title = |plugin: &Verified| {
                    format!("{} by {}", plugin.title(), plugin.manifest().author)
                };
                let (workload, first, second) = (workload.to_owned(), title(other), title(root));
                return Err(Error::DuplicateWorkload { workload, first, second });
            }
            return resolve(root, self);
        }
        let refused = self
            .refusal(|claim| claim.workloads.as_deref().is_some_and(offers))
            .or_else(|| self.refusal(|claim| claim.workloads.is_none()));
        Err(refused.or_else(|| self.mute_refusal()).unwrap_or_else(|| Error::WorkloadMissing {
            workload: workload.to_owned(),
            offered: listing(
                self.verified.iter().flat_map(|plugin| plugin.manifest().workloads.iter().cloned()),
            ),
        }))
    }

    /// The newest version of plugin `name`, with everything it needs, in load order.
    ///
    /// # Errors
    /// `plugin-missing`, the refusal of the bundle that claims the name, or a `dependency-*` id.
    pub fn plan_plugin(&self, name: &str) -> Result<LoadPlan<'_>, Error> {
        let named: Vec<&Verified> =
            self.verified.iter().filter(|plugin| plugin.manifest().name == name).collect();
        if let Some(root) = newest(&named) {
            return resolve(root, self);
        }
        let refused = self.refusal(|claim| claim.name == name);
        Err(refused.or_else(|| self.mute_refusal()).unwrap_or_else(|| Error::PluginMissing {
            name: name.to_owned(),
            found: listing(self.verified.iter().map(|plugin| plugin.manifest().name.clone())),
        }))
    }

    /// The refusal of the first bundle whose claim is `wanted`.
    fn refusal(&self, wanted: impl Fn(&Claim) -> bool) -> Option<Error> {
        let refused =
            self.refused.iter().find(|refused| refused.claim.as_ref().is_some_and(&wanted));
        refused.map(|refused| refused.error.clone())
    }

    /// The refusal of the first entry that does not even say what it is: it may have been the one.
    fn mute_refusal(&self) -> Option<Error> {
        self.refused
            .iter()
            .find(|refused| refused.claim.is_none())
            .map(|refused| refused.error.clone())
    }

    fn add(&mut self, entry: Found, authority: &Authority, policy: &Policy) {
        let refused = match entry {
            Ok(candidate) => match verify(&candidate, authority, policy) {
                Ok(verified) => return self.verified.push(verified),
                Err(error) => {
                    let (path, claim) = (candidate.path().to_owned(), claim_of(&candidate));
                    Refused { path, claim, error }
                }
            },
            Err((path, error)) => Refused { claim: name_claim(&path), path, error },
        };
        self.refused.push(refused);
    }

    /// One name and version with two contents: neither is used. The same content twice: the first is used.
    fn refuse_duplicates(&mut self) {
        let identity =
            |plugin: &Verified| (plugin.manifest().name.clone(), plugin.manifest().version.clone());
        let mut kept: Vec<Verified> = Vec::new();
        let mut conflicting: Vec<(String, Version)> = Vec::new();
        for plugin in self.verified.drain(..) {
            let Some(first) = kept.iter().find(|other| identity(other) == identity(&plugin)) else {
                kept.push(plugin);
                continue;
            };
            if first.manifest().library.sha256 != plugin.manifest().library.sha256 {
                let (first, second) = (first.bundle().to_owned(), plugin.bundle().to_owned());
                let error = Error::DuplicatePlugin { name: plugin.title(), first, second };
                conflicting.push(identity(&plugin));
                self.refused.push(Refused {
                    path: plugin.bundle().to_owned(),
                    claim: Some(claim(plugin.manifest())),
                    error,
                });
            }
        }
        for plugin in kept {
            if !conflicting.contains(&identity(&plugin)) {
                self.verified.push(plugin);
                continue;
            }
            let (path, claim) = (plugin.bundle().to_owned(), Some(claim(plugin.manifest())));
            if let Some(error) = self
                .refused
                .iter()
                .find(|refused| refused.claim == claim)
                .map(|twin| twin.error.clone())
            {
                self.refused.push(Refused { path, claim, error });
            }
        }
    }
}

fn newest<'a>(plugins: &[&'a Verified]) -> Option<&'a Verified> {
    plugins.iter().copied().max_by(|a, b| a.manifest().version.cmp(&b.manifest().version))
}

fn claim(manifest: &Manifest) -> Claim {
    let Manifest { name, version, workloads, .. } = manifest;
    Claim { name: name.clone(), version: version.clone(), workloads: Some(workloads.clone()) }
}

/// What the refused bundle's manifest says, or its folder's name if the manifest says nothing.
fn claim_of(candidate: &Candidate) -> Option<Claim> {
    let bytes = candidate.read_manifest().ok();
    let manifest =
        bytes.and_then(|bytes| Manifest::parse(&candidate.path().join(MANIFEST_FILE), &bytes).ok());
    manifest.as_ref().map(claim).or_else(|| name_claim(candidate.path()))
}

/// The name and version in a folder's name; the workloads stay unknown. What is no name says nothing.
fn name_claim(path: &Path) -> Option<Claim> {
    let name = path.file_name()?.to_str()?.strip_suffix(SUFFIX)?;
    let at = name
        .match_indices('-')
        .map(|(at, _)| at)
        .find(|at| Version::parse(&name[at + 1..]).is_ok())?;
    let version = Version::parse(&name[at + 1..]).ok()?;
    if !is_plugin_name(&name[..at]) {
        return None;
    }
    Some(Claim { name: name[..at].to_owned(), version, workloads: None })
}

pub(crate) fn listing(names: impl Iterator<Item = String>) -> String {
    let names: BTreeSet<String> = names.collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.into_iter().collect::<Vec<_>>().join(", ")
    }
}
