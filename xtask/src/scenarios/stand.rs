//! The server of a scenario: its settings, its slow disk, its standby, and the link that leads to it.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result};
use tempfile::TempDir;

use super::{
    cores::Cores,
    library::{Disk, Strength},
    link::Link,
};
use crate::{
    bench::cluster::{Cluster, Setting, Transport},
    program,
};

/// What every server is started with, unless the scenario says otherwise.
const SETTINGS: &[(&str, &str)] = &[
    ("fsync", "off"),
    ("synchronous_commit", "off"),
    ("full_page_writes", "off"),
    ("autovacuum", "off"),
    ("jit", "off"),
    ("shared_buffers", "128MB"),
    ("max_connections", "100"),
    ("checkpoint_timeout", "1h"),
    ("max_wal_size", "4GB"),
    ("track_io_timing", "on"),
    ("track_wal_io_timing", "on"),
];

/// The first version that can read tables in other processes than the backend that asks, where the delay would not be
/// the backend's own.
const IO_WORKERS: u32 = 18;

const SLOW_IO: &str = include_str!("slow_io.c");

/// The library that makes a disk slow.
#[derive(Debug)]
pub(super) struct SlowDisk {
    folder: TempDir,
}

/// A running server, and what belongs to it. The standby ends first.
#[derive(Debug)]
pub(super) struct Stand {
    link: Option<Link>,
    _standby: Option<Cluster>,
    cluster: Cluster,
}

impl SlowDisk {
    /// Compiles it, and makes the file that processes queue at.
    pub(super) fn compile() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("stormdb-slow-").tempdir()?;
        // Whoever runs the server maps the library.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let disk = Self { folder };
        let source = disk.path("slow_io.c");
        fs::write(&source, SLOW_IO).with_context(|| source.display().to_string())?;
        let mut compile = Command::new("cc");
        compile.args(["-shared", "-fPIC", "-O2", "-o"]).arg(disk.path("slow_io.so"));
        program::read(compile.arg(&source).arg("-ldl"))?;
        let queue = disk.path("queue");
        fs::write(&queue, "")?;
        fs::set_permissions(&queue, fs::Permissions::from_mode(0o666))?;
        Ok(disk)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn environment(&self, delays: &[(&str, String)]) -> Vec<Setting> {
        let own = [
            ("LD_PRELOAD", self.path("slow_io.so").display().to_string()),
            ("STORMDB_SLOW_QUEUE", self.path("queue").display().to_string()),
        ];
        own.iter().chain(delays).map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }
}

impl Stand {
    /// Starts what the scenario needs, on the server's processors.
    pub(super) fn set_up(
        strength: &Strength,
        programs: &Path,
        major: u32,
        cores: &Cores,
        disk: Option<&SlowDisk>,
    ) -> Result<Self> {
        let owned = |pairs: &[(&str, &str)]| -> Vec<Setting> {
            pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
        };
        // Of settings that stand twice the last one counts.
        let mut settings = owned(SETTINGS);
        settings.extend(owned(strength.settings));
        if major >= IO_WORKERS {
            settings.extend(owned(&[("io_method", "sync")]));
        }
        let slow = |delays: &[(&str, String)]| disk.map(|disk| disk.environment(delays));
        let delayed = |word: &str, microseconds: u32| format!("{word}:{microseconds}");
        let sync = |us| slow(&[("STORMDB_SLOW_SYNC", delayed("pg_wal", us))]);
        let environment = match strength.disk {
            Disk::Fast | Disk::SlowReplica(_) => None,
            Disk::SlowLog(us) => sync(us),
            Disk::SlowReads(us) => slow(&[("STORMDB_SLOW_READ", delayed("/base/", us))]),
            Disk::SlowTemporary(us) => slow(&[
                ("STORMDB_SLOW_READ", delayed("pgsql_tmp", us)),
                ("STORMDB_SLOW_WRITE", delayed("pgsql_tmp", us)),
            ]),
        };
        cores.as_server(|| {
            let environment = environment.unwrap_or_default();
            let cluster = Cluster::start_as(programs, settings.clone(), environment)?;
            let standby = match strength.disk {
                Disk::SlowReplica(us) => {
                    let standby = cluster.standby(settings, sync(us).unwrap_or_default())?;
                    cluster.administer(&[
                        "ALTER SYSTEM SET synchronous_standby_names = '*'",
                        "SELECT pg_reload_conf()",
                    ])?;
                    Some(standby)
                }
                _ => None,
            };
            let delay = strength.link_us.map(Duration::from_micros);
            let link = delay.map(|delay| Link::to(cluster.port(), delay)).transpose()?;
            Ok(Self { link, _standby: standby, cluster })
        })
    }

    /// The flags that lead `stormdb run` to it.
    pub(super) fn flags(&self) -> Vec<String> {
        let Some(link) = &self.link else { return self.cluster.flags(Transport::Unix) };
        let mut flags = self.cluster.flags(Transport::Tcp);
        let own = self.cluster.port().to_string();
        for flag in flags.iter_mut().filter(|flag| **flag == own) {
            *flag = link.port().to_string();
        }
        flags
    }
}
