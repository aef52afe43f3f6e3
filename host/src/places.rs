//! Where things lie on this machine, and the one door to the environment.

use std::path::{Path, PathBuf};

use stormdb_registry::authority::STATE_FILE;

use crate::failure::CommandError;

/// A variable of the environment; nothing where it is unset or not text.
pub(crate) fn variable(name: &str) -> Option<String> {
    std::env::var_os(name)?.into_string().ok()
}

/// `$XDG_DATA_HOME/stormdb`, else `~/.local/share/stormdb`.
pub(crate) fn data_folder() -> Result<PathBuf, CommandError> {
    base("XDG_DATA_HOME", ".local/share")
}

/// Folder of the stored runs.
pub(crate) fn runs_folder() -> Result<PathBuf, CommandError> {
    Ok(data_folder()?.join("runs"))
}

/// Where plugins are looked for when nothing else is said.
pub(crate) fn plugins_folder() -> Result<PathBuf, CommandError> {
    Ok(data_folder()?.join("plugins"))
}

/// The versions that were accepted on this machine.
pub(crate) fn trust_state() -> Result<PathBuf, CommandError> {
    Ok(data_folder()?.join(STATE_FILE))
}

/// The trust store when nothing else is said.
pub(crate) fn trust_store() -> Result<PathBuf, CommandError> {
    Ok(base("XDG_CONFIG_HOME", ".config")?.join("allowed_signers"))
}

/// The author's private key when no other is named.
pub(crate) fn author_key() -> Result<PathBuf, CommandError> {
    Ok(base("XDG_CONFIG_HOME", ".config")?.join("author-key"))
}

fn base(variable_name: &str, beneath_home: &str) -> Result<PathBuf, CommandError> {
    let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute(variable_name)
        .or_else(|| Some(absolute("HOME")?.join(beneath_home)))
        .map(|folder| folder.join("stormdb"))
        .ok_or_else(|| CommandError::no_home(variable_name))
}

/// `path` beneath the current folder when it is relative: plugins and stores are opened by
/// absolute path, so that every folder above them is checked.
pub(crate) fn absolute(path: &Path) -> Result<PathBuf, CommandError> {
    std::path::absolute(path).map_err(|source| CommandError::file("find", path, &source))
}
