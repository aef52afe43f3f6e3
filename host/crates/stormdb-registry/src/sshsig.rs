//! The SSHSIG signature format of OpenSSH (`PROTOCOL.sshsig`), strict subset: ed25519, version 1, one spelling.

use sha2::{Digest as _, Sha256, Sha512};

use crate::armor;
use crate::private_key::PrivateKey;
use crate::public_key::{KEY_TYPE, KeyFault, PublicKey};
use crate::wire::{Reader, put_string};

/// What a signature over a plugin manifest is made for; a signature for anything else is refused.
pub const NAMESPACE: &str = "stormdb-plugin-v1";

const LABEL: &str = "SSH SIGNATURE";
const MAGIC: &[u8; 6] = b"SSHSIG";
const VERSION: u32 = 1;

/// The order of the ed25519 group, little-endian; a canonical signature's second half is below it (RFC 8032, 5.1.7).
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// A well-formed signature, not yet checked against a message.
#[derive(Debug)]
pub(crate) struct SshSignature {
    pub(crate) key: PublicKey,
    hash: HashAlgorithm,
    signature: [u8; 64],
}

/// Why bytes are not an acceptable [`SshSignature`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SignatureFault {
    Malformed(&'static str),
    Namespace(String),
    Algorithm(String),
}

#[derive(Debug, Clone, Copy)]
enum HashAlgorithm {
    Sha256,
    Sha512,
}

impl HashAlgorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// `MAGIC namespace reserved hash H(message)`: the bytes that ed25519 signs.
    fn envelope(self, message: &[u8]) -> Vec<u8> {
        let mut envelope = MAGIC.to_vec();
        put_string(&mut envelope, NAMESPACE.as_bytes());
        put_string(&mut envelope, b"");
        put_string(&mut envelope, self.name().as_bytes());
        match self {
            Self::Sha256 => put_string(&mut envelope, &Sha256::digest(message)),
            Self::Sha512 => put_string(&mut envelope, &Sha512::digest(message)),
        }
        envelope
    }
}

impl SshSignature {
    /// Reads an armored signature made for [`NAMESPACE`].
    pub(crate) fn parse(text: &[u8]) -> Result<Self, SignatureFault> {
        let malformed = SignatureFault::Malformed;
        let blob = armor::decode(LABEL, text)
            .ok_or(malformed("it is not one canonical SSH SIGNATURE block"))?;
        let mut reader = Reader::new(&blob);
        if reader.bytes(MAGIC.len()) != Some(MAGIC) {
            return Err(malformed("it does not begin with SSHSIG"));
        }
        if reader.u32() != Some(VERSION) {
            return Err(malformed("its version is not 1"));
        }
        let mut field = || reader.string().ok_or(malformed("it ends early"));
        let (key, namespace, reserved) = (field()?, field()?, field()?);
        let (hash, signature) = (field()?, field()?);
        if !reader.rest().is_empty() {
            return Err(malformed("bytes follow the signature"));
        }
        let key = PublicKey::from_blob(key).map_err(|fault| match fault {
            KeyFault::Malformed => malformed("its key is not an ed25519 key"),
            KeyFault::Weak => malformed("its key is weak"),
            KeyFault::Algorithm(name) => SignatureFault::Algorithm(name),
        })?;
        if namespace != NAMESPACE.as_bytes() {
            return Err(SignatureFault::Namespace(String::from_utf8_lossy(namespace).into_owned()));
        }
        if !reserved.is_empty() {
            return Err(malformed("its reserved field is not empty"));
        }
        let hash = match hash {
            b"sha256" => HashAlgorithm::Sha256,
            b"sha512" => HashAlgorithm::Sha512,
            other => {
                return Err(SignatureFault::Algorithm(String::from_utf8_lossy(other).into_owned()));
            }
        };
        Ok(Self { key, hash, signature: parse_inner(signature)? })
    }

    /// Whether this is the key's signature over `message`.
    pub(crate) fn verifies(&self, message: &[u8]) -> bool {
        self.key.verifies(&self.hash.envelope(message), &self.signature)
    }
}

fn parse_inner(signature: &[u8]) -> Result<[u8; 64], SignatureFault> {
    let malformed = SignatureFault::Malformed;
    let mut reader = Reader::new(signature);
    let label = reader.string().ok_or(malformed("it ends early"))?;
    if label != KEY_TYPE.as_bytes() {
        return Err(SignatureFault::Algorithm(String::from_utf8_lossy(label).into_owned()));
    }
    let bytes: [u8; 64] = reader
        .string()
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(malformed("its ed25519 part is not 64 bytes long"))?;
    if !reader.rest().is_empty() {
        return Err(malformed("bytes follow its ed25519 part"));
    }
    if !bytes[32..].iter().rev().lt(ORDER.iter().rev()) {
        return Err(malformed("its ed25519 part is not canonical"));
    }
    Ok(bytes)
}

/// Signs `message` for [`NAMESPACE`] with sha512; the result is byte for byte what `ssh-keygen -Y sign` writes.
pub(crate) fn sign(key: &PrivateKey, message: &[u8]) -> String {
    let hash = HashAlgorithm::Sha512;
    let mut inner = Vec::new();
    put_string(&mut inner, KEY_TYPE.as_bytes());
    put_string(&mut inner, &key.sign(&hash.envelope(message)));
    let mut blob = MAGIC.to_vec();
    blob.extend_from_slice(&VERSION.to_be_bytes());
    put_string(&mut blob, &key.public_key().to_blob());
    put_string(&mut blob, NAMESPACE.as_bytes());
    put_string(&mut blob, b"");
    put_string(&mut blob, hash.name().as_bytes());
    put_string(&mut blob, &inner);
    armor::encode(LABEL, &blob)
}
