//! Plugin authors with keys of their own, and how a trust store names them.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::SigningKey;

use crate::sshsig::{ED25519, Sshsig, key_blob};

/// A name and a key.
#[derive(Clone)]
pub struct Author {
    pub name: String,
    pub key: SigningKey,
}

impl Author {
    /// The same name has the same key.
    pub fn new(name: &str) -> Self {
        let mut seed = [0; 32];
        for (at, byte) in name.bytes().enumerate() {
            seed[at % 32] ^= byte.rotate_left(3);
        }
        Self { name: name.to_owned(), key: SigningKey::from_bytes(&seed) }
    }

    pub fn sign(&self, message: &[u8]) -> Sshsig {
        Sshsig::of(&self.key, message)
    }

    /// `ssh-ed25519 BASE64`.
    pub fn public_key(&self) -> String {
        public_key(self.key.verifying_key().as_bytes())
    }

    /// A line of the trust store, with options such as `valid-before="20200101Z"`.
    pub fn line(&self, options: &str) -> String {
        let space = if options.is_empty() { "" } else { " " };
        format!("{}{space}{options} {}\n", self.name, self.public_key())
    }
}

/// `ssh-ed25519 BASE64` of any 32 bytes.
pub fn public_key(bytes: &[u8]) -> String {
    format!("{ED25519} {}", STANDARD.encode(key_blob(ED25519, bytes)))
}
