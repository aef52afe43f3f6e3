//! The trust policy: what the operator asks of plugins beyond a trusted signature, read from `trust-policy.toml`.

pub mod revoke;
mod rules;

use std::path::{Path, PathBuf};

use crate::Error;
use crate::digest::Digest;
use crate::guarded_file::{self, Content, Fault, plain_text, toml_fault};
use crate::manifest::Manifest;
use crate::public_key::PublicKey;
use crate::verify::{Signer, Trusted};
pub use rules::{Fingerprint, Rules};

/// The policy's file name, beside the trust store.
pub const POLICY_FILE: &str = "trust-policy.toml";
/// The longest file that is read.
pub(crate) const MAX_BYTES: u64 = 256 * 1024;

/// The rules of one policy file. A file that does not exist asks for nothing.
#[derive(Debug, Default)]
pub struct TrustPolicy {
    path: PathBuf,
    rules: Rules,
}

/// A plugin whose signers, name, version and bytes the policy permits. Only [`TrustPolicy::permit`] makes one.
#[derive(Debug)]
pub(crate) struct Permitted(Trusted);

impl Permitted {
    pub(crate) fn trusted(&self) -> &Trusted {
        &self.0
    }

    pub(crate) fn into_trusted(self) -> Trusted {
        self.0
    }
}

impl TrustPolicy {
    /// Reads the policy at `path`, whole or not at all; an absent file is no policy.
    ///
    /// # Errors
    /// `trust-policy-invalid` with the line, `trust-store-permissions`, `io-error`.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let (_content, rules) = read(path)?.unwrap_or_default();
        Ok(Self { path: path.to_owned(), rules })
    }

    /// The same for a file that was named on purpose: its absence is an error.
    ///
    /// # Errors
    /// As [`TrustPolicy::load`], and `trust-policy-invalid` if there is no such file.
    pub fn load_named(path: &Path) -> Result<Self, Error> {
        match read(path)? {
            Some((_content, rules)) => Ok(Self { path: path.to_owned(), rules }),
            None => {
                Err(invalid(path, Fault { line: 1, reason: "there is no such file".to_owned() }))
            }
        }
    }

    /// Where the policy was read from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Whether the policy revokes `key`.
    #[must_use]
    pub fn revokes(&self, key: &PublicKey) -> bool {
        self.rules.revoked_key(&key.fingerprint()).is_some()
    }

    /// Refuses a revoked key, whatever the trust store says about it.
    pub(crate) fn check_key(&self, bundle: &Path, key: &PublicKey) -> Result<(), Error> {
        let fingerprint = key.fingerprint();
        let Some(revoked) = self.rules.revoked_key(&fingerprint) else { return Ok(()) };
        Err(Error::KeyRevoked {
            bundle: bundle.to_owned(),
            fingerprint,
            policy: self.path.clone(),
            reason: revoked.because(),
        })
    }

    /// Whether `author` may sign plugins called `name`.
    pub(crate) fn delegates(&self, author: &str, name: &str) -> bool {
        self.rules.names_of(author).is_none_or(|names| names.iter().any(|rule| rule.matches(name)))
    }

    /// Takes what the trust store trusts, and lets pass what the policy permits.
    ///
    /// # Errors
    /// `author-not-delegated`, `threshold-not-met`, `plugin-revoked`, `version-rollback`.
    pub(crate) fn permit(&self, trusted: Trusted) -> Result<(Permitted, String), Error> {
        let Trusted { bundle, manifest, manifest_sha256, signer, cosigners, .. } = &trusted;
        if !self.delegates(&signer.author, &manifest.name) {
            return Err(Error::AuthorNotDelegated {
                bundle: bundle.clone(),
                author: signer.author.clone(),
                name: manifest.name.clone(),
                policy: self.path.clone(),
            });
        }
        let keys = self.check_threshold(bundle, manifest, signer, cosigners)?;
        self.check_revoked(manifest, *manifest_sha256)?;
        self.check_minimum(manifest)?;
        Ok((Permitted(trusted), format!("not revoked, {keys} ({})", self.path.display())))
    }

    fn check_threshold(
        &self,
        bundle: &Path,
        manifest: &Manifest,
        signer: &Signer,
        cosigners: &[Signer],
    ) -> Result<String, Error> {
        let mut keys = vec![signer.fingerprint.as_str()];
        for cosigner in cosigners {
            if !keys.contains(&cosigner.fingerprint.as_str())
                && self.delegates(&cosigner.author, &manifest.name)
            {
                keys.push(&cosigner.fingerprint);
            }
        }
        let wanted = self.rules.signatures_wanted(&signer.author, &manifest.name);
        if keys.len() < wanted {
            return Err(Error::ThresholdNotMet {
                bundle: bundle.to_owned(),
                wanted,
                found: keys.len(),
                policy: self.path.clone(),
            });
        }
        Ok(format!("{} of {wanted} signatures", keys.len()))
    }

    fn check_revoked(&self, manifest: &Manifest, manifest_sha256: Digest) -> Result<(), Error> {
        let Some(revoked) = self.rules.revoked_plugin(manifest, manifest_sha256) else {
            return Ok(());
        };
        let (plugin, policy) = (manifest.title(), self.path.clone());
        Err(Error::PluginRevoked { plugin, policy, reason: revoked.because() })
    }

    fn check_minimum(&self, manifest: &Manifest) -> Result<(), Error> {
        match self.rules.minimum_of(&manifest.name) {
            Some(minimum) if manifest.version.cmp_precedence(minimum).is_lt() => {
                Err(Error::VersionRollback {
                    plugin: manifest.title(),
                    newest: minimum.to_string(),
                    known_from: format!("the minimum in {:?}", self.path),
                    next_step: format!("use {minimum} or newer"),
                })
            }
            _ => Ok(()),
        }
    }
}

/// The content and the rules; `None` if there is no file.
pub(crate) fn read(path: &Path) -> Result<Option<(Vec<u8>, Rules)>, Error> {
    match guarded_file::read(path, MAX_BYTES)? {
        Content::Absent => Ok(None),
        Content::Whole(content) => {
            let rules = parse(&content).map_err(|fault| invalid(path, fault))?;
            Ok(Some((content, rules)))
        }
        Content::TooLong => {
            let reason = format!("the file is longer than {MAX_BYTES} bytes");
            Err(invalid(path, Fault { line: 1, reason }))
        }
    }
}

/// Reads a whole policy; all of it is good, or the first fault is named.
pub(crate) fn parse(bytes: &[u8]) -> Result<Rules, Fault> {
    let text = plain_text(bytes)?;
    toml::from_str(text).map_err(|error| toml_fault(text, &error))
}

pub(crate) fn invalid(path: &Path, Fault { line, reason }: Fault) -> Error {
    Error::TrustPolicyInvalid { path: path.to_owned(), line, reason }
}
