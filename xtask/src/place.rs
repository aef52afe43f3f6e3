//! A folder for plugins and keys that the loader accepts: nobody else may change it or what is above.

use std::{
    env,
    fs::{self, DirBuilder, Metadata},
    io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use rustix::process::geteuid;

use crate::workspace::Workspace;

/// `NAME` in cargo's output folder, relative to the root where it lies beneath it; a private folder
/// among the temporary files where others may change the checkout.
pub(crate) fn private(workspace: &Workspace, name: &str) -> Result<PathBuf> {
    let target = workspace.root.join(workspace.target());
    if target.ancestors().all(is_safe) {
        let folder = target.join(name);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        return Ok(workspace.target().join(name));
    }
    private_in(&env::temp_dir(), name)
}

/// A folder of this user's own in `parent`, where others have theirs.
fn private_in(parent: &Path, name: &str) -> Result<PathBuf> {
    let folder = parent.join(format!("stormdb-{name}-{}", geteuid().as_raw()));
    match DirBuilder::new().mode(0o700).create(&folder) {
        Ok(()) => Ok(folder),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let metadata =
                fs::symlink_metadata(&folder).with_context(|| folder.display().to_string())?;
            if metadata.is_dir() && is_ours(&metadata) && metadata.mode() & 0o077 == 0 {
                return Ok(folder);
            }
            bail!("{} is not a private folder of this user; remove it", folder.display());
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

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, Permissions},
        os::unix::fs::PermissionsExt as _,
    };

    use super::{is_safe, private_in};

    #[test]
    fn a_folder_that_others_may_change_is_not_safe() {
        let folder = tempfile::tempdir().unwrap();
        for (mode, expected) in [(0o755, true), (0o700, true), (0o775, false), (0o757, false)] {
            fs::set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
            assert_eq!(is_safe(folder.path()), expected, "{mode:o}");
        }
        assert!(!is_safe(&folder.path().join("missing")));
    }

    #[test]
    fn a_private_folder_is_found_again_and_a_shared_one_refused() {
        let parent = tempfile::tempdir().unwrap();
        let folder = private_in(parent.path(), "demo").unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        assert_eq!(private_in(parent.path(), "demo").unwrap(), folder);

        fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
        let error = private_in(parent.path(), "demo").unwrap_err();
        assert!(error.to_string().contains("is not a private folder"), "{error}");
    }
}
