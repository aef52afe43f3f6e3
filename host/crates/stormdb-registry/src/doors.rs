//! What strangers write, read from bytes alone: the doors at which fuzzing knocks. Manifests have theirs in
//! [`Manifest::parse`](crate::manifest::Manifest::parse).

use crate::elf::{ElfFault, inspect};
use crate::sshsig::SshSignature;
use crate::{allowed_signers, lock, trust_policy};

/// Whether `text` is read as a signature that was made for plugins.
#[must_use]
pub fn signature(text: &[u8]) -> bool {
    SshSignature::parse(text).is_ok()
}

/// How many keys a trust store with this content has; nothing where it is refused.
#[must_use]
pub fn trust_store(content: &[u8]) -> Option<usize> {
    allowed_signers::parse(content).ok().map(|entries| entries.len())
}

/// How many plugins a lock file with this content lists; nothing where it is refused.
#[must_use]
pub fn lock_file(content: &[u8]) -> Option<usize> {
    lock::listed(content)
}

/// Whether a trust policy with this content is read.
#[must_use]
pub fn trust_policy(content: &[u8]) -> bool {
    trust_policy::parse(content).is_ok()
}

/// Looks into a library, as the gate does.
///
/// # Errors
/// What keeps it from the dynamic linker.
pub fn library(bytes: &[u8]) -> Result<(), ElfFault> {
    inspect(bytes)
}
