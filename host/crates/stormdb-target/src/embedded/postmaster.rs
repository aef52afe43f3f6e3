//! The server process of a data directory: found by its own lock file, told from a stale one.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::TargetError;

/// The running server of a data directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Postmaster {
    pub(super) process_id: u32,
    pub(super) port: u16,
    pub(super) socket_directory: PathBuf,
}

/// The server that runs on `data`; `None` when there is none, or only a dead one's lock file.
pub(super) fn find(data: &Path) -> Result<Option<Postmaster>, TargetError> {
    let path = lock_file(data);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(TargetError::File { action: "read", path, source }),
    };
    Ok(parse(&text).filter(|postmaster| serves(postmaster.process_id, data)))
}

/// Removes what a server that died left on `data`. PostgreSQL does so itself unless the number of
/// the dead process belongs to another process now, as it often does after a container restarts.
pub(super) fn remove_stale(data: &Path, socket: &Path) -> Result<(), TargetError> {
    if find(data)?.is_some() {
        return Ok(());
    }
    let mut socket_lock = socket.as_os_str().to_owned();
    socket_lock.push(".lock");
    for path in [lock_file(data), PathBuf::from(socket_lock)] {
        match fs::remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                return Err(TargetError::File { action: "remove", path, source });
            }
            _ => {}
        }
    }
    Ok(())
}

fn lock_file(data: &Path) -> PathBuf {
    data.join("postmaster.pid")
}

/// The lines are: process, data directory, start time, port, socket directory, listen address.
fn parse(text: &str) -> Option<Postmaster> {
    let mut lines = text.lines();
    let process_id = lines.next()?.trim().parse().ok()?;
    let port = lines.nth(2)?.trim().parse().ok()?;
    let socket_directory = PathBuf::from(lines.next()?);
    Some(Postmaster { process_id, port, socket_directory })
}

/// Whether the process is a server that was started on `data`: its command line says so, which any
/// user may read.
fn serves(process_id: u32, data: &Path) -> bool {
    let Ok(command_line) = fs::read(format!("/proc/{process_id}/cmdline")) else { return false };
    let mut words = command_line.split(|byte| *byte == 0);
    let is_server = words
        .next()
        .is_some_and(|program| program.ends_with(b"/postgres") || program.ends_with(b"postmaster"));
    is_server && words.any(|word| word == data.as_os_str().as_encoded_bytes())
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::{Postmaster, find, parse, remove_stale};

    const LOCK_FILE: &str = "4711\n/var/lib/stormdb/pg/data-18\n1700000000\n5432\n\
                             /var/lib/stormdb/pg/run\n\n  5432001  196608\nready   \n";

    #[test]
    fn the_lock_file_is_read() {
        let expected = Postmaster {
            process_id: 4711,
            port: 5432,
            socket_directory: "/var/lib/stormdb/pg/run".into(),
        };
        assert_eq!(parse(LOCK_FILE), Some(expected));
        assert_eq!(parse("4711\n/data\n"), None);
    }

    #[test]
    fn a_lock_file_with_the_number_of_another_process_is_stale() {
        let data = tempfile::tempdir().unwrap();
        let lock_file = data.path().join("postmaster.pid");
        let this_process = LOCK_FILE.replace("4711", &std::process::id().to_string());
        fs::write(&lock_file, this_process).unwrap();
        assert_eq!(find(data.path()).unwrap(), None);
        remove_stale(data.path(), Path::new("/nonexistent/.s.PGSQL.5432")).unwrap();
        assert!(!lock_file.exists());
    }
}
