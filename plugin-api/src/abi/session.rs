//! A connection that the host lends for the time of one call.

#![expect(unsafe_code, reason = "sabi_trait generates the vtable of the trait object")]

use abi_stable::{
    StableAbi, sabi_trait,
    std_types::{RBox, RResult, RSlice, RStr},
};
use async_ffi::{FfiContext, FfiPoll};

use crate::abi::{
    error::AbiError,
    rows::Response,
    value::{Param, Step},
};

/// What [`AbiSession::start`] asks of the server.
#[repr(C, u8)]
#[derive(StableAbi, Clone, Copy, Debug)]
pub enum Request<'a> {
    /// A registered statement.
    Query {
        step: Step<'a>,
    },
    /// Several registered statements, sent before the first answer is read.
    Pipeline {
        steps: RSlice<'a, Step<'a>>,
    },
    /// One statement given as text, not kept.
    Sql {
        sql: RStr<'a>,
        params: RSlice<'a, Param<'a>>,
    },
    /// Statements without parameters or rows, such as DDL.
    Script {
        sql: RStr<'a>,
    },
    /// Opens a transaction; `isolation` as in [`Isolation`].
    Begin {
        isolation: Isolation,
        read_only: bool,
    },
    Commit,
    Rollback,
    /// Opens a `COPY … FROM STDIN`.
    CopyIn {
        sql: RStr<'a>,
    },
    /// Bytes of the open copy; the host takes its own copy of them.
    CopyChunk {
        bytes: RSlice<'a, u8>,
    },
    /// Ends the open copy; `affected` of the answer is the number of rows.
    CopyEnd,
}

/// Isolation level of a transaction.
#[repr(u8)]
#[derive(StableAbi, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    /// Whatever the server's default is.
    Default = 0,
    ReadCommitted = 1,
    RepeatableRead = 2,
    Serializable = 3,
}

/// One request at a time: `start`, then `poll` until ready.
///
/// The host reads every borrowed byte of the request before `start` returns, so that a forgotten
/// future cannot leave it with dangling parameters.
#[sabi_trait]
pub trait AbiSession {
    /// Encodes and sends a request.
    fn start(
        &self,
        context: &mut FfiContext<'_>,
        request: Request<'_>,
    ) -> FfiPoll<RResult<Response, AbiError>>;

    /// Goes on with the request that `start` left pending.
    fn poll(&self, context: &mut FfiContext<'_>) -> FfiPoll<RResult<Response, AbiError>>;

    /// Gives up the pending request; the host cancels it or discards the connection.
    fn abandon(&self);

    /// The next way to grow, by identifier; null for what this host does not know.
    #[sabi(last_prefix_field)]
    fn get_extension(&self, id: RStr<'_>) -> *const ();

    /// As `start`, where the waker of `context` is the one that the call itself was polled with: the
    /// host knows its task and need not take a copy of the waker, which costs an allocation on each
    /// side of the boundary.
    fn start_in_call(
        &self,
        context: &mut FfiContext<'_>,
        request: Request<'_>,
    ) -> FfiPoll<RResult<Response, AbiError>> {
        self.start(context, request)
    }

    /// As `poll`, under the condition of `start_in_call`.
    fn poll_in_call(&self, context: &mut FfiContext<'_>) -> FfiPoll<RResult<Response, AbiError>> {
        self.poll(context)
    }
}

/// A lent connection.
pub type SessionBox = AbiSession_TO<'static, RBox<()>>;
