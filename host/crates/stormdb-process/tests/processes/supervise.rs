//! The supervisor's side of these tests.

use std::{
    os::fd::{AsFd, OwnedFd},
    path::Path,
    process::Command,
    time::Duration,
};

use libtest_mimic::Trial;
use rustix::fs::{MemfdFlags, SealFlags};
use serde::{Serialize, de::DeserializeOwned};
use stormdb_process::{
    exit::Exit,
    frames::{AsyncFrameReader, AsyncFrameWriter},
    lockdown::User,
    spawn::{LoadCommand, LoadProcess, spawn},
};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

/// Longer than anything here takes.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Whom a load process becomes when these tests run as root.
pub(crate) const NOBODY: User = User { uid: 65534, gid: 65534 };

pub(crate) struct Child {
    pub(crate) process: LoadProcess,
    pub(crate) words: AsyncFrameReader<OwnedReadHalf>,
    pub(crate) orders: AsyncFrameWriter<OwnedWriteHalf>,
    pub(crate) broker: OwnedFd,
}

impl Child {
    /// Starts this program in `part`.
    pub(crate) fn start(part: &str, plugins: &[&OwnedFd]) -> Child {
        let mut command = LoadCommand::this_program(vec![("TZ".into(), "UTC".into())]);
        command.arguments.push(part.into());
        let plugins: Vec<_> = plugins.iter().map(|plugin| plugin.as_fd()).collect();
        let spawned = spawn(&command, &plugins).unwrap();
        let (reading, writing) = spawned.frames.into_split();
        Child {
            process: spawned.process,
            words: AsyncFrameReader::new(reading),
            orders: AsyncFrameWriter::new(writing),
            broker: spawned.broker,
        }
    }

    pub(crate) async fn hear<T: DeserializeOwned>(&mut self) -> T {
        match self.words.recv_within(PATIENCE).await {
            Ok(Some(message)) => message,
            other => {
                let other = other.map(|_| "closed");
                let exit = tokio::time::timeout(Duration::from_secs(1), self.process.wait()).await;
                panic!("no word but {other:?}, {exit:?}")
            }
        }
    }

    pub(crate) async fn order<T: Serialize>(&mut self, message: &T) {
        self.orders.send(message).await.unwrap();
    }

    /// Closes the stream and waits for the end.
    pub(crate) async fn dismiss(self) -> Exit {
        let Child { mut process, words, orders, broker } = self;
        drop((words, orders, broker));
        tokio::time::timeout(PATIENCE, process.wait()).await.unwrap().unwrap()
    }
}

/// A test of that name.
pub(crate) fn trial(name: &str, test: fn()) -> Trial {
    Trial::test(name, move || {
        test();
        Ok(())
    })
}

pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// The hostile plugin, compiled and in sealed memory.
pub(crate) fn plugin() -> OwnedFd {
    let folder = tempfile::tempdir().unwrap();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plugin/hostile.rs");
    let library = folder.path().join("libhostile.so");
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--edition", "2024", "--crate-type", "cdylib", "-o"])
        .args([&library, &source])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    sealed(&std::fs::read(library).unwrap())
}

/// A file in memory that nobody can change any more.
pub(crate) fn sealed(bytes: &[u8]) -> OwnedFd {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let mut file = std::fs::File::from(rustix::fs::memfd_create("plugin", flags).unwrap());
    std::io::Write::write_all(&mut file, bytes).unwrap();
    let seals = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
    rustix::fs::fcntl_add_seals(&file, seals).unwrap();
    file.into()
}
