//! The signatures of a bundle, checked over the manifest's raw bytes; and the signers, looked up in the trust store.

use std::path::{Path, PathBuf};

use jiff::{Timestamp, civil::date, tz::TimeZone};

use super::Signer;
use crate::Error;
use crate::allowed_signers::Entry;
use crate::authority::Authority;
use crate::digest::Digest;
use crate::manifest::{Manifest, signature_file};
use crate::public_key::PublicKey;
use crate::sshsig::{NAMESPACE, SignatureFault, SshSignature};
use crate::trust::Distrust;

/// A manifest's exact bytes and the keys that signed them, in the order of the signature files.
pub(super) struct Signed {
    pub(super) sha256: Digest,
    first: PublicKey,
    others: Vec<PublicKey>,
}

/// A plugin whose first key the trust store lists for its author. Nothing else about it was decided.
#[derive(Debug)]
pub(crate) struct Trusted {
    pub(crate) bundle: PathBuf,
    pub(crate) manifest: Manifest,
    pub(crate) manifest_sha256: Digest,
    pub(crate) signer: Signer,
    /// Who else signed, as far as the trust store knows them.
    pub(crate) cosigners: Vec<Signer>,
    /// When the signer's key expired; only a plugin that is locked gets this far.
    pub(crate) key_expired: Option<Timestamp>,
    /// Files of the bundle with further signatures.
    pub(crate) further_signatures: usize,
}

impl Signed {
    /// Checks every signature; one bad one refuses all.
    pub(super) fn check(
        bundle: &Path,
        manifest: &[u8],
        signatures: &[Vec<u8>],
    ) -> Result<Self, Error> {
        let mut keys = Vec::new();
        for (number, signature) in (1..).zip(signatures) {
            let path = bundle.join(signature_file(number));
            keys.push(check_signature(&path, manifest, signature)?.key);
        }
        if keys.is_empty() {
            return Err(Error::SignatureMissing { bundle: bundle.to_owned() });
        }
        let first = keys.remove(0);
        Ok(Self { sha256: Digest::of(manifest), first, others: keys })
    }

    /// What the step found, in words.
    pub(super) fn finding(&self) -> String {
        let more = match self.others.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("good, by key {}{more}, namespace {NAMESPACE}", self.first.fingerprint())
    }
}

impl Trusted {
    /// Looks the signers up: the first must be the author, with a key that is valid now and not revoked.
    ///
    /// # Errors
    /// `clock-implausible`, `key-revoked`, `key-untrusted`, `key-expired`, `key-not-yet-valid`, `author-key-mismatch`,
    /// `manifest-expired`.
    pub(super) fn check(
        bundle: &Path,
        manifest: Manifest,
        signed: &Signed,
        authority: &Authority,
        now: Timestamp,
    ) -> Result<Self, Error> {
        check_clock(now)?;
        for key in std::iter::once(&signed.first).chain(&signed.others) {
            authority.policy.check_key(bundle, key)?;
        }
        let mut trusted = Self {
            bundle: bundle.to_owned(),
            manifest,
            manifest_sha256: signed.sha256,
            signer: Signer { author: String::new(), fingerprint: signed.first.fingerprint() },
            cosigners: Vec::new(),
            key_expired: None,
            further_signatures: signed.others.len(),
        };
        let entry = trusted.author_entry(&signed.first, authority, now)?;
        if entry.author != trusted.manifest.author {
            let (author, signer) = (trusted.manifest.author, entry.author.clone());
            return Err(Error::AuthorKeyMismatch { bundle: trusted.bundle, author, signer });
        }
        trusted.signer.author.clone_from(&entry.author);
        trusted.check_expiry(now)?;
        let locked = authority.ledger.knows(&trusted);
        // A key that is not trusted adds nothing, and takes nothing away.
        let known = signed.others.iter().filter_map(|key| {
            let entry = match authority.store.allows(key, now) {
                Ok(entry) => entry,
                Err(Distrust::Expired { entry, .. }) if locked => entry,
                Err(_) => return None,
            };
            Some(Signer { author: entry.author.clone(), fingerprint: key.fingerprint() })
        });
        trusted.cosigners = known.collect();
        Ok(trusted)
    }

    /// The trust store's entry for the first key. An expired key is good enough for bytes that are locked: they were
    /// accepted while it was valid.
    fn author_entry<'s>(
        &mut self,
        key: &PublicKey,
        authority: &'s Authority,
        now: Timestamp,
    ) -> Result<&'s Entry, Error> {
        let (bundle, fingerprint) = (self.bundle.clone(), self.signer.fingerprint.clone());
        match authority.store.allows(key, now) {
            Ok(entry) => Ok(entry),
            Err(Distrust::Untrusted(reason)) => {
                let store = authority.store.path().to_owned();
                Err(Error::KeyUntrusted { bundle, fingerprint, store, reason })
            }
            Err(Distrust::Expired { entry, at }) if authority.ledger.knows(self) => {
                self.key_expired = Some(at);
                Ok(entry)
            }
            Err(Distrust::Expired { entry, at }) => {
                let (author, at) = (entry.author.clone(), at.to_string());
                Err(Error::KeyExpired { bundle, author, fingerprint, at })
            }
            Err(Distrust::NotYetValid { entry, at }) => {
                let (author, at) = (entry.author.clone(), at.to_string());
                Err(Error::KeyNotYetValid { bundle, author, fingerprint, at })
            }
        }
    }

    fn check_expiry(&self, now: Timestamp) -> Result<(), Error> {
        match self.manifest.expires {
            Some(at) if now > at => {
                Err(Error::ManifestExpired { plugin: self.manifest.title(), at: at.to_string() })
            }
            _ => Ok(()),
        }
    }
}

/// A time before this program was made, or far beyond its life, is no time to judge keys by.
fn check_clock(now: Timestamp) -> Result<(), Error> {
    let year = |year| date(year, 1, 1).to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp());
    let floor = built_at().max(year(FIRST_YEAR).ok());
    let ceiling = year(LAST_YEAR + 1).ok();
    if floor.is_some_and(|floor| now < floor) || ceiling.is_some_and(|ceiling| now >= ceiling) {
        return Err(Error::ClockImplausible {
            now: now.to_string(),
            floor: floor.map(|floor| floor.to_string()).unwrap_or_default(),
            last_year: LAST_YEAR,
        });
    }
    Ok(())
}

/// No build is older than the project's first year.
const FIRST_YEAR: i16 = 2026;
/// Keys and certificates of today do not last longer.
const LAST_YEAR: i16 = 2099;

/// The date of the released commit, which the release build states so that the same source gives the same bytes.
fn built_at() -> Option<Timestamp> {
    let seconds = option_env!("SOURCE_DATE_EPOCH")?.parse().ok()?;
    Timestamp::from_second(seconds).ok()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_before_the_build_or_beyond_the_century_is_not_believed() {
        let id = |now: &str| check_clock(now.parse().unwrap()).map_err(|error| error.id());
        for implausible in [
            "1970-01-01T00:00:00Z",
            "2025-12-31T23:59:59Z",
            "2100-01-01T00:00:00Z",
            "2106-02-07T06:28:15Z",
        ] {
            assert_eq!(id(implausible), Err("clock-implausible"), "{implausible}");
        }
        assert_eq!(check_clock(Timestamp::now()), Ok(()));
        assert_eq!(id("2099-12-31T23:59:59Z"), Ok(()));
    }
}
