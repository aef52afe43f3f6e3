//! From a folder to a [`Verified`] plugin: signatures, manifest, trust, policy, rollback state, lock file, files, library
//! bytes, in this order.

mod signed;

use std::fmt;
use std::path::Path;

use jiff::Timestamp;
use semver::Version;

use crate::Error;
use crate::authority::Authority;
use crate::bundle::Candidate;
use crate::digest::Digest;
use crate::explain::{Step, Steps};
use crate::ledger::Admitted;
use crate::lock::Standing;
use crate::manifest::{Library, MANIFEST_FILE, Manifest};
use signed::Signed;
pub(crate) use signed::Trusted;

/// The triple of the machine that this host was built for; a plugin for another one is refused.
#[cfg(target_arch = "x86_64")]
pub const HOST_TARGET: &str = "x86_64-unknown-linux-gnu";
/// The triple of the machine that this host was built for; a plugin for another one is refused.
#[cfg(target_arch = "aarch64")]
pub const HOST_TARGET: &str = "aarch64-unknown-linux-gnu";

/// What is asked of a plugin besides a trusted signature.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The version of `stormdb-plugin-api` that this host speaks.
    pub api: Version,
    /// In bytes.
    pub max_library_bytes: u64,
    /// The time at which keys must be valid.
    pub now: Timestamp,
}

impl Policy {
    /// 50 MiB.
    pub const MAX_LIBRARY_BYTES: u64 = 50 * 1024 * 1024;

    /// The default limit, and keys valid now. `api` is `stormdb_plugin_api::abi::API_VERSION`.
    #[must_use]
    pub fn new(api: Version) -> Self {
        Self { api, max_library_bytes: Self::MAX_LIBRARY_BYTES, now: Timestamp::now() }
    }
}

/// Who signed a plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    pub author: String,
    /// `SHA256:…`, as `ssh-keygen -l` prints it.
    pub fingerprint: String,
}

/// A plugin that the operator's files let in, and whose bytes are what they should be. Its library was not looked into yet.
pub struct Verified {
    admitted: Admitted,
    library: Vec<u8>,
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { admitted, library: _ } = self;
        f.debug_struct("Verified").field("admitted", admitted).finish_non_exhaustive()
    }
}

impl Verified {
    /// The bundle's folder.
    #[must_use]
    pub fn bundle(&self) -> &Path {
        &self.trusted().bundle
    }

    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.trusted().manifest
    }

    /// The digest of the manifest's exact bytes, which the signature covers.
    #[must_use]
    pub fn manifest_sha256(&self) -> Digest {
        self.trusted().manifest_sha256
    }

    #[must_use]
    pub fn signer(&self) -> &Signer {
        &self.trusted().signer
    }

    /// Who else signed, as far as the trust store knows them.
    #[must_use]
    pub fn cosigners(&self) -> &[Signer] {
        &self.trusted().cosigners
    }

    /// Whether the lock file lists it.
    #[must_use]
    pub fn standing(&self) -> Standing {
        self.admitted.standing()
    }

    /// When the signer's key expired, if it has: a plugin that is locked may run on.
    #[must_use]
    pub fn key_expired(&self) -> Option<Timestamp> {
        self.trusted().key_expired
    }

    /// `NAME VERSION`, for messages.
    #[must_use]
    pub fn title(&self) -> String {
        self.manifest().title()
    }

    pub(crate) fn trusted(&self) -> &Trusted {
        self.admitted.trusted()
    }

    /// The bytes that were hashed; the only ones that are ever sealed.
    pub(crate) fn library(&self) -> &[u8] {
        &self.library
    }
}

/// Verifies one bundle. Reads each file once, runs nothing.
///
/// # Errors
/// The first refusal; see [`Error::id`].
pub fn verify(
    candidate: &Candidate,
    authority: &Authority,
    policy: &Policy,
) -> Result<Verified, Error> {
    verify_steps(candidate, authority, policy, &mut Steps::default())
}

/// [`verify`], noting the verdict of each step.
pub(crate) fn verify_steps(
    candidate: &Candidate,
    authority: &Authority,
    policy: &Policy,
    steps: &mut Steps,
) -> Result<Verified, Error> {
    let bundle = candidate.path();
    let (bytes, signatures) = steps.take(Step::Read, || {
        let (manifest, signatures) = (candidate.read_manifest()?, candidate.read_signatures()?);
        let signed: usize = signatures.iter().map(Vec::len).sum();
        let found = format!("{} bytes of manifest, {signed} of signature", manifest.len());
        Ok(((manifest, signatures), found))
    })?;
    let signed = steps.take(Step::Signature, || {
        let signed = Signed::check(bundle, &bytes, &signatures)?;
        let found = signed.finding();
        Ok((signed, found))
    })?;
    let manifest = steps.take(Step::Manifest, || {
        let manifest = Manifest::parse(&bundle.join(MANIFEST_FILE), &bytes)?;
        check_folder_name(bundle, &manifest)?;
        let found = format!("{} by {}", manifest.title(), manifest.author);
        Ok((manifest, found))
    })?;
    let trusted = steps.take(Step::Trust, || {
        let trusted = Trusted::check(bundle, manifest, &signed, authority, policy.now)?;
        let (author, store) = (&trusted.signer.author, authority.store.path().display());
        let expired = trusted.key_expired.map(|at| format!(", until {at}")).unwrap_or_default();
        let found = format!("{author} signs with this key{expired} ({store})");
        Ok((trusted, found))
    })?;
    let permitted = steps.take(Step::Policy, || authority.policy.permit(trusted))?;
    let current = steps.take(Step::Rollback, || authority.ledger.check_version(permitted))?;
    let admitted = steps.take(Step::Lock, || authority.ledger.admit(current))?;
    let Trusted { manifest, further_signatures, .. } = admitted.trusted();
    steps.take(Step::Files, || {
        candidate.check_listed(&manifest.library.file, 1 + further_signatures)?;
        Ok(((), "every file is listed, no other".to_owned()))
    })?;
    steps.take(Step::Api, || {
        check_api(manifest, policy)?;
        Ok(((), format!("needs {}, this host is {} on {HOST_TARGET}", manifest.api, policy.api)))
    })?;
    let library = steps.take(Step::Library, || {
        let library = read_library(candidate, manifest, policy.max_library_bytes)?;
        let Library { sha256, size, .. } = &manifest.library;
        Ok((library, format!("{size} bytes, SHA-256 {sha256}")))
    })?;
    Ok(Verified { admitted, library })
}

/// The folder is named after its content, so that a listing cannot lie.
fn check_folder_name(bundle: &Path, manifest: &Manifest) -> Result<(), Error> {
    let expected = manifest.folder_name();
    if bundle.file_name().is_some_and(|name| *name == *expected) {
        return Ok(());
    }
    Err(Error::PackageNameMismatch { path: bundle.to_owned(), expected })
}

fn check_api(manifest: &Manifest, policy: &Policy) -> Result<(), Error> {
    let plugin = manifest.title();
    if manifest.target != HOST_TARGET {
        let reason = format!("it was built for {}, this host for {HOST_TARGET}", manifest.target);
        return Err(Error::AbiIncompatible { plugin, reason });
    }
    if !manifest.api.matches(&policy.api) {
        let reason =
            format!("it needs plugin API {}, this host speaks {}", manifest.api, policy.api);
        return Err(Error::AbiIncompatible { plugin, reason });
    }
    Ok(())
}

fn read_library(candidate: &Candidate, manifest: &Manifest, limit: u64) -> Result<Vec<u8>, Error> {
    let declared = &manifest.library;
    let path = candidate.path().join(&declared.file);
    let file = candidate.open_file(&declared.file)?.ok_or_else(|| Error::LibMissing {
        bundle: candidate.path().to_owned(),
        file: declared.file.clone(),
    })?;
    let size = file.size();
    if size > limit {
        return Err(Error::LibTooLarge { path, size, limit });
    }
    if size == 0 {
        return Err(Error::LibEmpty { path });
    }
    if size != declared.size {
        return Err(Error::SizeMismatch { path, declared: declared.size, actual: size });
    }
    let bytes = file.read(size)?;
    let Some(bytes) = bytes.filter(|bytes| bytes.len() as u64 == size) else {
        return Err(Error::LibChanged { path });
    };
    let actual = Digest::of(&bytes);
    if actual != declared.sha256 {
        let (declared, actual) = (declared.sha256.to_string(), actual.to_string());
        return Err(Error::HashMismatch { path, declared, actual });
    }
    Ok(bytes)
}
