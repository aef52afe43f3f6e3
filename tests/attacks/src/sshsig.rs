//! SSHSIG written field by field (`PROTOCOL.sshsig`), so that every field can be a wrong one.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signer as _, SigningKey};
use sha2::{Digest as _, Sha256, Sha512};

pub const NAMESPACE: &str = "stormdb-plugin-v1";
pub const ED25519: &str = "ssh-ed25519";

/// The fields of a signature blob, in their order.
#[derive(Clone, Debug)]
pub struct Sshsig {
    pub magic: Vec<u8>,
    pub version: u32,
    /// The blob of the public key.
    pub key: Vec<u8>,
    pub namespace: Vec<u8>,
    pub reserved: Vec<u8>,
    pub hash: Vec<u8>,
    /// The algorithm's name in the inner signature …
    pub algorithm: Vec<u8>,
    /// … and its bytes.
    pub signature: Vec<u8>,
    /// What follows the inner signature's bytes, inside of it.
    pub inner_rest: Vec<u8>,
    /// What follows the blob.
    pub rest: Vec<u8>,
}

impl Sshsig {
    /// What `ssh-keygen -Y sign -n NAMESPACE` makes of `message`.
    pub fn of(key: &SigningKey, message: &[u8]) -> Self {
        Self::with(key, message, NAMESPACE.as_bytes(), "sha512")
    }

    /// A good signature for another namespace, or with another hash; one that is unknown stands for SHA-512.
    pub fn with(key: &SigningKey, message: &[u8], namespace: &[u8], hash: &str) -> Self {
        let signed = envelope(message, namespace, hash);
        Self {
            magic: b"SSHSIG".to_vec(),
            version: 1,
            key: key_blob(ED25519, key.verifying_key().as_bytes()),
            namespace: namespace.to_vec(),
            reserved: Vec::new(),
            hash: hash.into(),
            algorithm: ED25519.into(),
            signature: key.sign(&signed).to_bytes().to_vec(),
            inner_rest: Vec::new(),
            rest: Vec::new(),
        }
    }

    pub fn blob(&self) -> Vec<u8> {
        let mut inner = Vec::new();
        put(&mut inner, &self.algorithm);
        put(&mut inner, &self.signature);
        inner.extend_from_slice(&self.inner_rest);
        let mut blob = self.magic.clone();
        blob.extend_from_slice(&self.version.to_be_bytes());
        for field in [&self.key, &self.namespace, &self.reserved, &self.hash, &inner] {
            put(&mut blob, field);
        }
        blob.extend_from_slice(&self.rest);
        blob
    }

    /// The armored text, as OpenSSH writes it.
    pub fn text(&self) -> String {
        armor(&self.blob(), 70, "\n")
    }
}

/// What ed25519 signs: `MAGIC namespace reserved hash H(message)`.
pub fn envelope(message: &[u8], namespace: &[u8], hash: &str) -> Vec<u8> {
    let mut signed = b"SSHSIG".to_vec();
    put(&mut signed, namespace);
    put(&mut signed, b"");
    put(&mut signed, hash.as_bytes());
    match hash {
        "sha256" => put(&mut signed, &Sha256::digest(message)),
        _ => put(&mut signed, &Sha512::digest(message)),
    }
    signed
}

/// `bytes` in armor, with lines of `width` and any end of line.
pub fn armor(bytes: &[u8], width: usize, end: &str) -> String {
    let base64 = STANDARD.encode(bytes);
    let mut text = format!("-----BEGIN SSH SIGNATURE-----{end}");
    for line in base64.as_bytes().chunks(width) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push_str(end);
    }
    text + "-----END SSH SIGNATURE-----" + end
}

/// A public key as OpenSSH stores it.
pub fn key_blob(algorithm: &str, key: &[u8]) -> Vec<u8> {
    let mut blob = Vec::new();
    put(&mut blob, algorithm.as_bytes());
    put(&mut blob, key);
    blob
}

/// Appends a string with its length (RFC 4251, section 5).
#[expect(clippy::cast_possible_truncation, reason = "the longest field is a megabyte")]
pub fn put(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    out.extend_from_slice(bytes);
}
