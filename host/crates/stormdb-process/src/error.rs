//! What goes wrong between the supervisor and the load process, and in keeping what a run found out.

use std::{io, path::PathBuf, time::Duration};

/// A failure of the supervisor's or the load process's own mechanics, as opposed to a plugin's end, which is an
/// [`Exit`](crate::exit::Exit).
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    #[error("a frame of {size} bytes is larger than the limit of {limit} bytes")]
    FrameTooLarge { size: u64, limit: u64 },
    #[error("a frame of {size} bytes fails its checksum")]
    FrameChecksum { size: usize },
    #[error("the other process ended in the middle of a frame")]
    FrameCut,
    #[error("a message cannot be written as JSON")]
    FrameEncode(#[source] serde_json::Error),
    #[error("a frame of {size} bytes is not the message expected")]
    FrameDecode { size: usize, source: serde_json::Error },
    #[error("cannot read a frame from the other process")]
    FrameRead(#[source] io::Error),
    #[error("cannot write a frame to the other process")]
    FrameWrite(#[source] io::Error),
    #[error("an earlier frame was written in part, so the stream cannot be used any more")]
    FrameStreamBroken,
    #[error("no frame came for {} ms", after.as_millis())]
    Silent { after: Duration },
    #[error("the other process took no frame for {} ms", after.as_millis())]
    NotReading { after: Duration },

    #[error("cannot {step} for the load process")]
    Prepare { step: &'static str, source: io::Error },
    #[error("cannot start the load process from {program}")]
    Spawn { program: String, source: io::Error },
    #[error("cannot {step} the load process {pid}")]
    Control { step: &'static str, pid: u32, source: io::Error },

    #[error(
        "`{argument}` does not name inherited descriptors; the load process is started by `stormdb run`, not by hand"
    )]
    NotInherited { argument: String },
    #[error("descriptor {descriptor} for {purpose} was not inherited")]
    NotOpen { purpose: &'static str, descriptor: i32, source: io::Error },
    #[error("descriptor {descriptor} for {purpose} belongs to this process already")]
    Owned { purpose: &'static str, descriptor: i32 },
    #[error("the supervisor {supervisor} has ended")]
    SupervisorGone { supervisor: u32 },

    #[error("the lock-down must come before any thread, and this process has {threads}")]
    ThreadsRunning { threads: usize },
    #[error("cannot {step} in the load process")]
    Lockdown { step: &'static str, source: io::Error },
    #[error(
        "user {uid} is still not in force after the change; refusing to run plugins as user {found}"
    )]
    UserKept { uid: u32, found: u32 },

    #[error("cannot {step} on the broker's socket")]
    Broker { step: &'static str, source: io::Error },
    #[error("the load process sent the broker a packet that is no request: {packet:?}")]
    BrokerPacket { packet: String, source: serde_json::Error },
}

/// A failure to keep or read what a run found out.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    #[error("cannot {step} {}", path.display())]
    Io { step: &'static str, path: PathBuf, source: io::Error },
    #[error("{} is not a StormDB journal", path.display())]
    NotAJournal { path: PathBuf },
    #[error(
        "{} has journal format {found}, and this StormDB reads formats up to {known}; use the StormDB that wrote it or a newer one",
        path.display()
    )]
    NewerFormat { path: PathBuf, found: u32, known: u32 },
    #[error("{} is damaged at byte {offset}, after {whole} whole records: {reason}", path.display())]
    Damaged { path: PathBuf, offset: u64, whole: u64, reason: &'static str },
    #[error("the record at byte {offset} of {} is not of the kind expected", path.display())]
    Undecodable { path: PathBuf, offset: u64, source: serde_json::Error },
    #[error("a record for {} cannot be written as JSON", path.display())]
    Encode { path: PathBuf, source: serde_json::Error },
    #[error("a record of {size} bytes for {} is larger than the limit of {limit} bytes", path.display())]
    RecordTooLarge { path: PathBuf, size: usize, limit: usize },
    #[error("an earlier write to {} failed, so nothing more is added to it", path.display())]
    Stopped { path: PathBuf },
    #[error("`{id}` is not a run id; ids look like 20250131-142503")]
    NotARunId { id: String },
    #[error("no run `{id}` in {}; `stormdb runs list` shows those there are", folder.display())]
    NoSuchRun { id: String, folder: PathBuf },
    #[error("{} has no free id left for a run started at {at}", folder.display())]
    NoFreeId { at: String, folder: PathBuf },
}
