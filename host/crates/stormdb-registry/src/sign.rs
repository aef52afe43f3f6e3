//! Signing a packed bundle with a key in a file.

use std::path::{Path, PathBuf};

use rustix::fs::Mode;

use crate::Error;
use crate::atomic_file::{self, Overwrite};
use crate::bundle::Candidate;
use crate::manifest::{MANIFEST_FILE, Manifest, SIGNATURE_FILE};
use crate::private_key::PrivateKey;
use crate::sshsig;

/// Signs the manifest of the bundle at `path` and writes `plugin.toml.sig`, replacing an older one. Returns its path.
///
/// The result is what `ssh-keygen -Y sign -n stormdb-plugin-v1 -f KEY plugin.toml` writes.
///
/// # Errors
/// What is wrong with the folder or the manifest (an invalid manifest is not signed); `io-error`.
pub fn sign(path: &Path, key: &PrivateKey) -> Result<PathBuf, Error> {
    let candidate = Candidate::open(path)?;
    let manifest = candidate.read_manifest()?;
    Manifest::parse(&path.join(MANIFEST_FILE), &manifest)?;
    let signature = signature(key, &manifest);
    let target = path.join(SIGNATURE_FILE);
    atomic_file::write(
        &target,
        signature.as_bytes(),
        Mode::from_raw_mode(0o644),
        Overwrite::Replace,
    )?;
    Ok(target)
}

/// The armored signature of `manifest`'s exact bytes, in the namespace of plugins.
#[must_use]
pub fn signature(key: &PrivateKey, manifest: &[u8]) -> String {
    sshsig::sign(key, manifest)
}
