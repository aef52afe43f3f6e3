//! The error that either side hands to the other: one pointer wide.

use abi_stable::{
    StableAbi,
    std_types::{RBox, RString},
};

/// Whose fault an error is, and what the host may do about it.
#[repr(u8)]
#[derive(StableAbi, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// The server refused a statement; `sqlstate` says why.
    Database = 0,
    /// The connection is gone, and with it the outcome of an unfinished commit.
    ConnectionLost = 1,
    /// The host gave up on the call: deadline, drain or stop.
    Cancelled = 2,
    /// The configuration of the workload is wrong.
    Config = 3,
    /// The workload found something that it cannot work with, such as a missing row.
    Workload = 4,
    /// A callback panicked; the instance is poisoned.
    Panic = 5,
    /// A call came at a time or with arguments that the interface does not allow.
    Protocol = 6,
}

/// The content of an [`AbiError`].
#[repr(C)]
#[derive(StableAbi, Clone, Debug)]
pub struct ErrorBody {
    /// Whose fault it is.
    pub kind: ErrorKind,
    /// The five characters of the server's SQLSTATE; zeros where there is none.
    pub sqlstate: [u8; 5],
    /// What went wrong, in one sentence.
    pub message: RString,
    /// Where: a source location, a constraint, a configuration key. May be empty.
    pub place: RString,
}

/// A boxed [`ErrorBody`]: eight bytes on the way of every result.
pub type AbiError = RBox<ErrorBody>;
