//! An ed25519 public key in OpenSSH's forms: wire blob, `.pub` line, SHA256 fingerprint.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use ed25519_dalek::{Signature, VerifyingKey};

use crate::Error;
use crate::digest::Digest;
use crate::wire::{Reader, put_string};

/// The only key type in use here.
pub(crate) const KEY_TYPE: &str = "ssh-ed25519";

/// A strong ed25519 public key: canonical encoding, not of small order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

/// Why bytes are not a [`PublicKey`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum KeyFault {
    /// Not a key blob of OpenSSH, or not a point of the curve.
    Malformed,
    /// A key of another type.
    Algorithm(String),
    /// A small-order point, for which one signature fits every message, or a second spelling of a point.
    Weak,
}

impl PublicKey {
    /// Reads the content of a `.pub` file: `ssh-ed25519 BASE64 [comment]`.
    ///
    /// # Errors
    /// [`Error::PublicKeyInvalid`] for anything but one such line with a strong key.
    pub fn from_openssh(line: &str) -> Result<Self, Error> {
        let invalid = |reason: &str| Error::PublicKeyInvalid { reason: reason.to_owned() };
        let line = line.strip_suffix('\n').unwrap_or(line);
        if line.contains(['\n', '\r', '\0']) {
            return Err(invalid("it has more than one line"));
        }
        let mut words = line.split(' ');
        let label = words.next().unwrap_or_default();
        if label != KEY_TYPE {
            return Err(invalid(&format!("its type is {label:?}, expected {KEY_TYPE}")));
        }
        Self::from_base64(words.next().unwrap_or_default()).map_err(|fault| {
            invalid(match fault {
                KeyFault::Malformed => "its base64 is not an ed25519 key",
                KeyFault::Algorithm(_) => "its base64 is a key of another type",
                KeyFault::Weak => "the key is weak",
            })
        })
    }

    pub(crate) fn from_base64(text: &str) -> Result<Self, KeyFault> {
        // The engine refuses missing padding and non-zero trailing bits, so a key has one spelling.
        let blob = STANDARD.decode(text).ok().ok_or(KeyFault::Malformed)?;
        Self::from_blob(&blob)
    }

    pub(crate) fn from_blob(blob: &[u8]) -> Result<Self, KeyFault> {
        let mut reader = Reader::new(blob);
        let label = reader.string().ok_or(KeyFault::Malformed)?;
        if label != KEY_TYPE.as_bytes() {
            return Err(KeyFault::Algorithm(String::from_utf8_lossy(label).into_owned()));
        }
        let bytes: &[u8; 32] =
            reader.string().and_then(|point| point.try_into().ok()).ok_or(KeyFault::Malformed)?;
        if !reader.rest().is_empty() {
            return Err(KeyFault::Malformed);
        }
        Self::from_bytes(bytes)
    }

    fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyFault> {
        let key = VerifyingKey::from_bytes(bytes).ok().ok_or(KeyFault::Malformed)?;
        if key.is_weak() || key.to_edwards().compress().as_bytes() != bytes {
            return Err(KeyFault::Weak);
        }
        Ok(Self(key))
    }

    pub(crate) fn from_verifying_key(key: VerifyingKey) -> Self {
        Self(key)
    }

    pub(crate) fn to_blob(&self) -> Vec<u8> {
        let mut blob = Vec::with_capacity(51);
        put_string(&mut blob, KEY_TYPE.as_bytes());
        put_string(&mut blob, self.0.as_bytes());
        blob
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// `ssh-ed25519 BASE64`, the form of `.pub` files and of trust stores, without a comment.
    #[must_use]
    pub fn to_openssh(&self) -> String {
        format!("{KEY_TYPE} {}", STANDARD.encode(self.to_blob()))
    }

    /// `SHA256:` and the unpadded base64 of the blob's digest, as `ssh-keygen -l` prints it.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        format!("SHA256:{}", STANDARD_NO_PAD.encode(Digest::of(&self.to_blob()).as_bytes()))
    }

    /// Strict verification: refuses small-order points and every second spelling of a signature.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}
