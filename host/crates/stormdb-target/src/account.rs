//! The unprivileged user that runs the embedded server when StormDB runs as root.

use std::{
    fs, io,
    os::unix::{fs::MetadataExt, process::CommandExt},
    path::Path,
    process::Command,
};

use crate::TargetError;

/// A user of this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
}

impl Account {
    /// Whom the server runs as: `postgres`, else `nobody`; `None` when this process is not root and
    /// so runs the server as itself.
    ///
    /// # Errors
    /// `pg-no-account` as root without either user.
    pub fn for_server() -> Result<Option<Self>, TargetError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let path = Path::new("/etc/passwd");
        let users = fs::read_to_string(path).map_err(TargetError::file("read", path))?;
        ["postgres", "nobody"]
            .into_iter()
            .find_map(|name| find(&users, name))
            .map(Some)
            .ok_or(TargetError::NoAccount)
    }

    /// Makes `command` run as this user, without supplementary groups.
    pub(crate) fn take_over(&self, command: &mut Command) {
        command.gid(self.gid).uid(self.uid);
    }

    /// Gives `path` to this user.
    pub(crate) fn own(&self, path: &Path) -> io::Result<()> {
        std::os::unix::fs::chown(path, Some(self.uid), Some(self.gid))
    }

    /// Checks that this user can enter `directory` and everything above it; PostgreSQL's own
    /// message for that ("Permission denied" for the last name) misleads.
    pub(crate) fn can_enter(&self, directory: &Path) -> Result<(), TargetError> {
        let directory =
            directory.canonicalize().map_err(TargetError::file("resolve", directory))?;
        for ancestor in directory.ancestors() {
            let status = ancestor.metadata().map_err(TargetError::file("inspect", ancestor))?;
            let search_bit = if status.uid() == self.uid {
                0o100
            } else if status.gid() == self.gid {
                0o010
            } else {
                0o001
            };
            if status.mode() & search_bit == 0 {
                let (path, account) = (ancestor.to_path_buf(), self.name.clone());
                return Err(TargetError::DirectoryClosed { path, account });
            }
        }
        Ok(())
    }
}

fn find(users: &str, name: &str) -> Option<Account> {
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next() != Some(name) {
            return None;
        }
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(Account { name: name.to_owned(), uid, gid })
    })
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::{Account, find};
    use crate::TargetError;

    const USERS: &str = "root:x:0:0:root:/root:/bin/bash\n\
                         nobody:x:65534:65533:nobody:/nonexistent:/usr/sbin/nologin\n\
                         postgres2:x:7:7::/:\n";

    #[test]
    fn users_are_found_by_their_whole_name() {
        let nobody = Account { name: "nobody".to_owned(), uid: 65534, gid: 65533 };
        assert_eq!(find(USERS, "nobody"), Some(nobody));
        assert_eq!(find(USERS, "postgres"), None);
    }

    #[test]
    fn the_closed_directory_is_named() {
        let root = tempfile::tempdir().unwrap();
        let closed = root.path().canonicalize().unwrap().join("closed");
        fs::create_dir_all(closed.join("inner")).unwrap();
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
        fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
        let stranger = Account { name: "stranger".to_owned(), uid: 61_234, gid: 61_234 };
        let error = stranger.can_enter(&closed.join("inner")).unwrap_err();
        assert!(
            matches!(&error, TargetError::DirectoryClosed { path, .. } if *path == closed),
            "{error}"
        );
    }
}
