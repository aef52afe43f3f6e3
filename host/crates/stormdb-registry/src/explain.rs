//! The steps of the loader and the verdict of each, for `stormdb plugin verify`.

use std::fmt;
use std::path::Path;

use crate::Error;
use crate::authority::Authority;
use crate::bundle::Candidate;
use crate::catalog::Catalog;
use crate::gate::gate;
use crate::resolve::resolve;
use crate::verify::{Policy, Verified, verify_steps};

/// The steps before plugin code is mapped, in the order in which they are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The folder is opened without following links.
    Open,
    /// Manifest and signature are read, within their size limits.
    Read,
    /// The signature is checked over the manifest's raw bytes.
    Signature,
    /// The manifest is parsed.
    Manifest,
    /// The key is trusted, valid now, not revoked, and the author's own.
    Trust,
    /// The trust policy lets this author sign this name and version with so many keys.
    Policy,
    /// No higher version was accepted before.
    Rollback,
    /// The lock file has these bytes, or none for this version.
    Lock,
    /// The bundle has the listed files and no other.
    Files,
    /// The plugin API and the target fit this host.
    Api,
    /// The library is read once and hashed.
    Library,
    /// The plugins that it needs are there, and agree.
    Dependencies,
    /// The library is looked into, not run.
    Gate,
    /// The verified bytes are sealed in memory.
    Seal,
}

impl Step {
    /// All steps in order.
    pub const ALL: [Self; 14] = [
        Self::Open,
        Self::Read,
        Self::Signature,
        Self::Manifest,
        Self::Trust,
        Self::Policy,
        Self::Rollback,
        Self::Lock,
        Self::Files,
        Self::Api,
        Self::Library,
        Self::Dependencies,
        Self::Gate,
        Self::Seal,
    ];
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open folder",
            Self::Read => "read manifest and signature",
            Self::Signature => "signature",
            Self::Manifest => "manifest",
            Self::Trust => "trust",
            Self::Policy => "trust policy",
            Self::Rollback => "rollback state",
            Self::Lock => "lock file",
            Self::Files => "files",
            Self::Api => "api and target",
            Self::Library => "library bytes",
            Self::Dependencies => "dependencies",
            Self::Gate => "library structure",
            Self::Seal => "sealed memory",
        })
    }
}

/// What a step found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Passed, with the evidence in words.
    Passed(String),
    /// Refused, with the error's id.
    Refused(&'static str),
    /// An earlier step refused.
    NotReached,
}

/// Collects verdicts while the steps are taken.
#[derive(Debug, Default)]
pub(crate) struct Steps(Vec<(Step, Verdict)>);

impl Steps {
    /// Takes one step and notes its verdict.
    pub(crate) fn take<T>(
        &mut self,
        step: Step,
        check: impl FnOnce() -> Result<(T, String), Error>,
    ) -> Result<T, Error> {
        match check() {
            Ok((value, found)) => {
                self.0.push((step, Verdict::Passed(found)));
                Ok(value)
            }
            Err(error) => {
                self.0.push((step, Verdict::Refused(error.id())));
                Err(error)
            }
        }
    }
}

/// All steps for one bundle, and how it ended.
#[derive(Debug)]
pub struct Explanation {
    /// Every [`Step`] once, in order.
    pub steps: Vec<(Step, Verdict)>,
    /// The verified plugin if every step passed, else the refusal.
    pub outcome: Result<Verified, Error>,
}

/// Takes every step up to sealed memory for the bundle at `path`; runs nothing. `catalog` is where dependencies are found.
#[must_use]
pub fn explain(
    path: &Path,
    catalog: &Catalog,
    authority: &Authority,
    policy: &Policy,
) -> Explanation {
    let mut steps = Steps::default();
    let outcome = explain_steps(path, catalog, authority, policy, &mut steps);
    let mut steps = steps.0;
    let reached = steps.len();
    steps.extend(Step::ALL.iter().skip(reached).map(|step| (*step, Verdict::NotReached)));
    Explanation { steps, outcome }
}

fn explain_steps(
    path: &Path,
    catalog: &Catalog,
    authority: &Authority,
    policy: &Policy,
    steps: &mut Steps,
) -> Result<Verified, Error> {
    let candidate = steps.take(Step::Open, || {
        let candidate = Candidate::open(path)?;
        Ok((candidate, "no link, no one else can write".to_owned()))
    })?;
    let verified = verify_steps(&candidate, authority, policy, steps)?;
    let plan = steps.take(Step::Dependencies, || {
        let plan = resolve(&verified, catalog)?;
        let order: Vec<String> = plan.order().iter().map(|plugin| plugin.title()).collect();
        Ok((plan, format!("load order {}", order.join(", "))))
    })?;
    let gated = steps.take(Step::Gate, || {
        let gated = gate(plan)?;
        Ok((
            gated,
            "right target, allowed libraries and exports only, no forbidden feature".to_owned(),
        ))
    })?;
    steps.take(Step::Seal, || {
        let sealed = gated.rehearse()?;
        Ok(((), format!("{} sealed", if sealed == 1 { "library" } else { "libraries" })))
    })?;
    Ok(verified)
}
