//! A folder for plugins and keys that the loader accepts: nobody else may change it or what is above.

use std::{
    fs::{self, DirBuilder, Metadata},
    io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use rustix::process::geteuid;

use crate::workspace::Workspace;

/// `NAME` in cargo's output folder; where the checkout lies beneath a folder that others may change,
/// a private one in the folder for temporary files.
pub(crate) fn private(workspace: &Workspace, name: &str) -> Result<PathBuf> {
    let target = workspace.root.join(workspace.target());
    if target.ancestors().all(is_safe) {
        let folder = workspace.target().join(name);
        let made = workspace.root.join(&folder);
        fs::create_dir_all(&made).with_context(|| format!("cannot make {}", made.display()))?;
        return Ok(folder);
    }
    let folder = std::env::temp_dir().join(format!("stormdb-{name}-{}", geteuid().as_raw()));
    match DirBuilder::new().mode(0o700).create(&folder) {
        Ok(()) => Ok(folder),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let metadata =
                fs::symlink_metadata(&folder).with_context(|| folder.display().to_string())?;
            if metadata.is_dir() && is_ours(&metadata) && metadata.mode() & 0o077 == 0 {
                return Ok(folder);
            }
            bail!(
                "{} exists and is not a private folder of this user; remove it",
                folder.display()
            );
        }
        Err(error) => Err(error).with_context(|| format!("cannot make {}", folder.display())),
    }
}

fn is_safe(folder: &Path) -> bool {
    let Ok(metadata) = fs::metadata(folder) else { return false };
    let is_sticky_of_root = metadata.uid() == 0 && metadata.mode() & 0o1000 != 0;
    (metadata.uid() == 0 || is_ours(&metadata))
        && (metadata.mode() & 0o022 == 0 || is_sticky_of_root)
}

fn is_ours(metadata: &Metadata) -> bool {
    metadata.uid() == geteuid().as_raw()
}
