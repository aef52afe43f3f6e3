//! The broker: the supervisor opens every socket to the target and hands it to the load process.
//!
//! One request and one reply are one packet of JSON each; a reply that carries a socket has it attached (SCM_RIGHTS).

use serde::{Deserialize, Serialize};

mod client;
pub mod dial;
mod packet;
mod serve;

pub use client::BrokerClient;
pub use serve::serve;

/// The requests in flight at once, on either side; further ones wait.
pub const MAX_IN_FLIGHT: usize = 64;

/// Why no socket came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{text}")]
pub struct BrokerError {
    pub kind: BrokerErrorKind,
    /// What was tried, and what the system said.
    pub text: String,
}

/// The kinds of reason why no socket came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BrokerErrorKind {
    /// Nobody listens there.
    Refused,
    /// No answer within the time allowed.
    TimedOut,
    /// No route to the host, or the network is down.
    Unreachable,
    /// No socket file of that name.
    NotFound,
    /// The supervisor may not connect there.
    PermissionDenied,
    /// A process or the system has no descriptor left.
    TooManyFiles,
    /// No local port is left for another connection to the same target.
    NoLocalPort,
    /// The broker has ended.
    Closed,
    Other,
}

/// From the load process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Request {
    id: u64,
    purpose: Purpose,
}

/// What a socket is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Purpose {
    /// A connection of its own.
    Connect,
    /// A cancel request for one of the connections.
    Cancel,
}

/// From the supervisor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Reply {
    id: u64,
    /// Absent when the socket is attached.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<BrokerError>,
}

impl BrokerError {
    fn closed() -> Self {
        BrokerError {
            kind: BrokerErrorKind::Closed,
            text: "the supervisor opens no more connections".to_owned(),
        }
    }
}
