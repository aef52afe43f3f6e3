//! From a folder to a [`Verified`] plugin: signature, manifest, trust, files, library bytes, in this order.

use std::fmt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use semver::Version;

use crate::Error;
use crate::bundle::Candidate;
use crate::digest::Digest;
use crate::explain::{Step, Steps};
use crate::manifest::{MANIFEST_FILE, Manifest, SIGNATURE_FILE};
use crate::sshsig::{NAMESPACE, SignatureFault, SshSignature};
use crate::trust::{Distrust, TrustStore};

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

/// A plugin whose signature, author and bytes are what they should be. Its library was not looked into yet.
pub struct Verified {
    bundle: PathBuf,
    manifest: Manifest,
    manifest_sha256: Digest,
    signer: Signer,
    library: Vec<u8>,
}

impl fmt::Debug for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bundle, manifest, manifest_sha256: _, signer, library: _ } = self;
        f.debug_struct("Verified")
            .field("bundle", bundle)
            .field("manifest", manifest)
            .field("signer", signer)
            .finish_non_exhaustive()
    }
}

impl Verified {
    /// The bundle's folder.
    #[must_use]
    pub fn bundle(&self) -> &Path {
        &self.bundle
    }

    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The digest of the manifest's exact bytes, which the signature covers.
    #[must_use]
    pub fn manifest_sha256(&self) -> Digest {
        self.manifest_sha256
    }

    #[must_use]
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    /// `NAME VERSION`, for messages.
    #[must_use]
    pub fn title(&self) -> String {
        format!("{} {}", self.manifest.name, self.manifest.version)
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
    trust: &TrustStore,
    policy: &Policy,
) -> Result<Verified, Error> {
    verify_steps(candidate, trust, policy, &mut Steps::default())
}

/// [`verify`], noting the verdict of each step.
pub(crate) fn verify_steps(
    candidate: &Candidate,
    trust: &TrustStore,
    policy: &Policy,
    steps: &mut Steps,
) -> Result<Verified, Error> {
    let bundle = candidate.path().to_owned();
    let (bytes, signature) = steps.take(Step::Read, || {
        let (manifest, signature) = (candidate.read_manifest()?, candidate.read_signature()?);
        let found =
            format!("{} bytes of manifest, {} of signature", manifest.len(), signature.len());
        Ok(((manifest, signature), found))
    })?;
    let signed = steps.take(Step::Signature, || {
        let signed = check_signature(&bundle.join(SIGNATURE_FILE), &bytes, &signature)?;
        let found = format!("good, by key {}, namespace {NAMESPACE}", signed.key.fingerprint());
        Ok((signed, found))
    })?;
    let manifest = steps.take(Step::Manifest, || {
        let manifest = Manifest::parse(&bundle.join(MANIFEST_FILE), &bytes)?;
        check_folder_name(&bundle, &manifest)?;
        let found = format!("{} {} by {}", manifest.name, manifest.version, manifest.author);
        Ok((manifest, found))
    })?;
    let signer = steps.take(Step::Trust, || {
        let signer = check_signer(&bundle, &manifest, &signed, trust, policy.now)?;
        let found = format!("{} signs with this key ({})", signer.author, trust.path().display());
        Ok((signer, found))
    })?;
    steps.take(Step::Files, || {
        candidate.check_listed(&manifest.library.file)?;
        Ok(((), "every file is listed, no other".to_owned()))
    })?;
    steps.take(Step::Api, || {
        check_api(&manifest, policy)?;
        Ok(((), format!("needs {}, this host is {} on {HOST_TARGET}", manifest.api, policy.api)))
    })?;
    let library = steps.take(Step::Library, || {
        let library = read_library(candidate, &manifest, policy.max_library_bytes)?;
        Ok((
            library,
            format!("{} bytes, SHA-256 {}", manifest.library.size, manifest.library.sha256),
        ))
    })?;
    Ok(Verified { bundle, manifest, manifest_sha256: Digest::of(&bytes), signer, library })
}

fn check_signature(path: &Path, manifest: &[u8], signature: &[u8]) -> Result<SshSignature, Error> {
    let path = path.to_owned();
    let signed = match SshSignature::parse(signature) {
        Ok(signed) => signed,
        Err(SignatureFault::Malformed(reason)) => {
            return Err(Error::SignatureMalformed { path, reason });
        }
        Err(SignatureFault::Algorithm(found)) => {
            return Err(Error::SignatureAlgorithm { path, found });
        }
        Err(SignatureFault::Namespace(found)) => {
            return Err(Error::SignatureNamespace { path, found, expected: NAMESPACE });
        }
    };
    if signed.verifies(manifest) { Ok(signed) } else { Err(Error::SignatureMismatch { path }) }
}

/// The folder is named after its content, so that a listing cannot lie.
fn check_folder_name(bundle: &Path, manifest: &Manifest) -> Result<(), Error> {
    let expected = manifest.folder_name();
    if bundle.file_name().is_some_and(|name| *name == *expected) {
        return Ok(());
    }
    Err(Error::PackageNameMismatch { path: bundle.to_owned(), expected })
}

fn check_signer(
    bundle: &Path,
    manifest: &Manifest,
    signed: &SshSignature,
    trust: &TrustStore,
    now: Timestamp,
) -> Result<Signer, Error> {
    let (bundle, fingerprint) = (bundle.to_owned(), signed.key.fingerprint());
    match trust.allows(&signed.key, now) {
        Ok(entry) if entry.author == manifest.author => {
            Ok(Signer { author: entry.author.clone(), fingerprint })
        }
        Ok(entry) => {
            let (author, signer) = (manifest.author.clone(), entry.author.clone());
            Err(Error::AuthorKeyMismatch { bundle, author, signer })
        }
        Err(Distrust::Untrusted(reason)) => {
            Err(Error::KeyUntrusted { bundle, fingerprint, store: trust.path().to_owned(), reason })
        }
        Err(Distrust::Expired { author, at }) => {
            Err(Error::KeyExpired { bundle, author, fingerprint, at: at.to_string() })
        }
        Err(Distrust::NotYetValid { author, at }) => {
            Err(Error::KeyNotYetValid { bundle, author, fingerprint, at: at.to_string() })
        }
    }
}

fn check_api(manifest: &Manifest, policy: &Policy) -> Result<(), Error> {
    let plugin = format!("{} {}", manifest.name, manifest.version);
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
