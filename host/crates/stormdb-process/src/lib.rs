//! Supervisor and load process: frames, spawn, socket hand-over, lock-down, journal.
//!
//! The supervisor never maps plugin code. It [spawns](spawn) a load process, which [takes over](inherit) its
//! descriptors, [locks itself down](lockdown) and only then maps plugins. The two talk in [frames]; sockets to the
//! target are opened by the supervisor's [broker] and handed over. What the supervisor hears it writes to the
//! [journal] of the [run](runs). The messages themselves belong to the binary: everything here is generic over them.

pub mod broker;
mod error;
pub mod exit;
pub mod frames;
pub mod inherit;
pub mod journal;
mod landlocked;
pub mod lockdown;
mod output;
pub mod runs;
mod seccomp;
pub mod signals;
pub mod spawn;

pub use error::{ProcessError, StorageError};
