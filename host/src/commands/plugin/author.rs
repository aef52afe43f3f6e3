//! `stormdb plugin keygen|sign`: an author's key and what it signs.

use std::{
    fs::DirBuilder,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use stormdb_registry::{private_key::PrivateKey, sign::sign};
use stormdb_run::exit::Exit;

use crate::{
    cli::author::{KeygenArgs, SignArgs},
    failure::CommandError,
    output::{note, print},
    places,
};

pub(crate) fn keygen(arguments: &KeygenArgs) -> Result<Exit, CommandError> {
    let KeygenArgs { out, comment } = arguments;
    let (out, key) = match out {
        Some(out) => (out.clone(), generate(out, comment)?),
        None => make_own_key(comment)?,
    };
    print(&format!("{}\n{}.pub", out.display(), out.display()))?;
    note(&format!("key {}; keep the private key to yourself", key.public_key().fingerprint()));
    note(&format!("operators trust it with: stormdb trust add AUTHOR {}.pub", out.display()));
    Ok(Exit::Success)
}

pub(crate) fn sign_bundle(arguments: &SignArgs) -> Result<Exit, CommandError> {
    let SignArgs { bundle, key } = arguments;
    let key = match key {
        Some(key) => read_key(key)?,
        None => read_key(&places::author_key()?)?,
    };
    let signature = sign_with(bundle, &key)?;
    print(&signature.display().to_string())?;
    Ok(Exit::Success)
}

/// The key of this user, made where there is none yet.
pub(crate) fn own_key(author: &str) -> Result<PrivateKey, CommandError> {
    let path = places::author_key()?;
    if path.exists() {
        return read_key(&path);
    }
    let (path, key) = make_own_key(author)?;
    let path = path.display();
    note(&format!("made your author key {path}; keep it to yourself, and do not lose it"));
    note(&format!("operators trust it with: stormdb trust add {author} {path}.pub"));
    Ok(key)
}

fn make_own_key(comment: &str) -> Result<(PathBuf, PrivateKey), CommandError> {
    let path = places::author_key()?;
    if let Some(folder) = path.parent() {
        // Whoever can write there can swap the key, whatever the umask is.
        let made = DirBuilder::new().recursive(true).mode(0o755).create(folder);
        made.map_err(|source| CommandError::file("create", folder, &source))?;
    }
    let key = generate(&path, comment)?;
    Ok((path, key))
}

fn generate(path: &Path, comment: &str) -> Result<PrivateKey, CommandError> {
    PrivateKey::generate(path, comment).map_err(|error| CommandError::making(&error))
}

pub(crate) fn read_key(path: &Path) -> Result<PrivateKey, CommandError> {
    PrivateKey::read(path).map_err(|error| CommandError::making(&error))
}

/// Signs the bundle and returns the signature's file.
pub(crate) fn sign_with(bundle: &Path, key: &PrivateKey) -> Result<PathBuf, CommandError> {
    let signature = sign(bundle, key).map_err(|error| CommandError::making(&error))?;
    note(&format!("signed with key {}", key.public_key().fingerprint()));
    Ok(signature)
}
