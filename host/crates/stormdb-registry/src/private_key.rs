//! An unencrypted ed25519 private key in OpenSSH's file format (`PROTOCOL.key`): read, made, written.

use std::path::Path;

use ed25519_dalek::{Signer as _, SigningKey};
use rustix::fs::Mode;
use rustix::rand::{GetRandomFlags, getrandom};

use crate::atomic_file::{self, Overwrite};
use crate::folder::OpenFile;
use crate::public_key::{KEY_TYPE, PublicKey};
use crate::sshsig::NAMESPACE;
use crate::wire::{Reader, put_string};
use crate::{Error, armor};

const LABEL: &str = "OPENSSH PRIVATE KEY";
const MAGIC: &[u8; 15] = b"openssh-key-v1\0";
const BLOCK: usize = 8;
const MAX_BYTES: u64 = 16 * 1024;

/// A signing key. It has no `Debug` and no getter for its secret; the secret is wiped when it is dropped.
pub struct PrivateKey(SigningKey);

enum Fault {
    Invalid(&'static str),
    Encrypted,
}

impl PrivateKey {
    /// Reads a key file. Like ssh-keygen, refuses a file that others may read.
    ///
    /// # Errors
    /// `signing-key-permissions`, `signing-key-encrypted`, `signing-key-invalid`, `io-error` and the file ids.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let file = OpenFile::open(path)?;
        if let Some(reason) = file.not_private() {
            return Err(Error::SigningKeyPermissions { path: path.to_owned(), reason });
        }
        let invalid = |reason| Error::SigningKeyInvalid { path: path.to_owned(), reason };
        let text = file.read(MAX_BYTES)?.ok_or(invalid("it is too large"))?;
        parse(&text).map(Self).map_err(|fault| match fault {
            Fault::Invalid(reason) => invalid(reason),
            Fault::Encrypted => {
                Error::SigningKeyEncrypted { path: path.to_owned(), namespace: NAMESPACE }
            }
        })
    }

    /// Makes a new key from the kernel's entropy and writes `path` (mode 600) and `path.pub`.
    ///
    /// # Errors
    /// `already-exists` if either file exists, `io-error`.
    pub fn generate(path: &Path, comment: &str) -> Result<Self, Error> {
        let entropy = |length: usize| -> Result<Vec<u8>, Error> {
            let mut bytes = vec![0; length];
            // Up to 256 bytes arrive whole (getrandom(2)).
            getrandom(&mut bytes[..], GetRandomFlags::empty()).map_err(|source| Error::Io {
                action: "draw entropy for",
                path: path.to_owned(),
                source,
            })?;
            Ok(bytes)
        };
        if comment.chars().any(char::is_control) {
            return Err(Error::SigningKeyInvalid {
                path: path.to_owned(),
                reason: "its comment has control characters",
            });
        }
        let (mut seed, mut check) = ([0; 32], [0; 4]);
        seed.copy_from_slice(&entropy(32)?);
        check.copy_from_slice(&entropy(4)?);
        let key = Self(SigningKey::from_bytes(&seed));
        let mut public_path = path.as_os_str().to_owned();
        public_path.push(".pub");
        let public = format!("{} {comment}\n", key.public_key().to_openssh());
        atomic_file::write(
            public_path.as_ref(),
            public.as_bytes(),
            Mode::from_raw_mode(0o644),
            Overwrite::Refuse,
        )?;
        atomic_file::write(
            path,
            key.encode(check, comment).as_bytes(),
            Mode::from_raw_mode(0o600),
            Overwrite::Refuse,
        )?;
        Ok(key)
    }

    /// The public half.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        PublicKey::from_verifying_key(self.0.verifying_key())
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }

    fn encode(&self, check: [u8; 4], comment: &str) -> String {
        let mut private = [check, check].concat();
        put_string(&mut private, KEY_TYPE.as_bytes());
        put_string(&mut private, self.public_key().as_bytes());
        put_string(&mut private, &self.0.to_keypair_bytes());
        put_string(&mut private, comment.as_bytes());
        let padding = private.len().next_multiple_of(BLOCK) - private.len();
        private.extend((1..=8).take(padding));
        let mut blob = MAGIC.to_vec();
        for field in ["none", "none", ""] {
            put_string(&mut blob, field.as_bytes());
        }
        blob.extend_from_slice(&1_u32.to_be_bytes());
        put_string(&mut blob, &self.public_key().to_blob());
        put_string(&mut blob, &private);
        armor::encode(LABEL, &blob)
    }
}

fn parse(text: &[u8]) -> Result<SigningKey, Fault> {
    let short = Fault::Invalid("it ends early");
    let blob = armor::decode(LABEL, text)
        .ok_or(Fault::Invalid("it is not an OPENSSH PRIVATE KEY block"))?;
    let mut reader = Reader::new(&blob);
    if reader.bytes(MAGIC.len()) != Some(MAGIC) {
        return Err(Fault::Invalid("it does not begin with openssh-key-v1"));
    }
    let (Some(cipher), Some(_kdf), Some(_options)) =
        (reader.string(), reader.string(), reader.string())
    else {
        return Err(short);
    };
    if cipher != b"none" {
        return Err(Fault::Encrypted);
    }
    if reader.u32() != Some(1) {
        return Err(Fault::Invalid("it does not hold exactly one key"));
    }
    let (Some(public), Some(private)) = (reader.string(), reader.string()) else {
        return Err(short);
    };
    let public = PublicKey::from_blob(public)
        .map_err(|_fault| Fault::Invalid("it is not an ed25519 key"))?;
    let mut reader = Reader::new(private);
    let (check, again) = (reader.u32(), reader.u32());
    if check.is_none() || check != again {
        return Err(Fault::Invalid("its check numbers differ"));
    }
    let (Some(label), Some(point), Some(pair), Some(_comment)) =
        (reader.string(), reader.string(), reader.string(), reader.string())
    else {
        return Err(short);
    };
    if label != KEY_TYPE.as_bytes() || point != public.as_bytes() {
        return Err(Fault::Invalid("its public halves differ"));
    }
    let pair: &[u8; 64] =
        pair.try_into().map_err(|_length| Fault::Invalid("its secret is not 64 bytes long"))?;
    if reader.rest().len() >= BLOCK
        || !reader.rest().iter().copied().eq((1..=8).take(reader.rest().len()))
    {
        return Err(Fault::Invalid("its padding is wrong"));
    }
    let key = SigningKey::from_keypair_bytes(pair)
        .map_err(|_mismatch| Fault::Invalid("its secret does not fit"))?;
    if key.verifying_key().as_bytes() != public.as_bytes() {
        return Err(Fault::Invalid("its public halves differ"));
    }
    Ok(key)
}
