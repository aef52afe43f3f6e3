//! A lent connection: one request at a time, results valid until the next.

use std::{future::poll_fn, mem, task::Poll};

use abi_stable::std_types::{RResult, RSlice, RStr};
use async_ffi::ContextExt;

use crate::{
    Error, Isolation, Param, Result, Results, Rows, Step,
    abi::{
        rows::Response,
        session::{Request, SessionBox},
    },
    guard::is_of_call,
};

/// A statement that the host prepares once on every connection that uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement(pub(crate) u32);

impl Statement {
    /// This statement with its parameters, for a pipeline.
    #[must_use]
    pub fn with<'a>(self, params: &'a [Param<'a>]) -> Step<'a> {
        Step { statement: self.0, params: RSlice::from_slice(params) }
    }
}

/// A connection that the host lends for the time of one call.
///
/// A transaction that an operation leaves open, by returning or by an error, is rolled back by the
/// host before the connection serves anyone else.
pub struct Session<'a> {
    raw: &'a SessionBox,
}

impl<'a> Session<'a> {
    pub(crate) fn new(raw: &'a SessionBox) -> Self {
        Self { raw }
    }

    /// Executes a registered statement and returns its rows.
    ///
    /// # Errors
    /// The server's error, a lost connection, or a cancelled call.
    pub async fn query(&mut self, statement: Statement, params: &[Param<'_>]) -> Result<Rows<'_>> {
        let step = statement.with(params);
        Results::new(self.request(Request::Query { step }).await?).rows(0)
    }

    /// Executes a registered statement and returns the number of rows that it touched.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn execute(&mut self, statement: Statement, params: &[Param<'_>]) -> Result<u64> {
        Ok(self.query(statement, params).await?.affected())
    }

    /// Sends several registered statements before it reads the first answer.
    ///
    /// # Errors
    /// As [`query`](Self::query). Inside a transaction nothing after the failed statement counts;
    /// outside one, later statements may have been executed.
    pub async fn pipeline(&mut self, steps: &[Step<'_>]) -> Result<Results<'_>> {
        let steps = RSlice::from_slice(steps);
        Ok(Results::new(self.request(Request::Pipeline { steps }).await?))
    }

    /// Executes one statement that is given as text and not kept.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn sql(&mut self, sql: &str, params: &[Param<'_>]) -> Result<Rows<'_>> {
        let request = Request::Sql { sql: RStr::from_str(sql), params: RSlice::from_slice(params) };
        Results::new(self.request(request).await?).rows(0)
    }

    /// Executes statements without parameters or rows, such as DDL, in one go.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn script(&mut self, sql: &str) -> Result<()> {
        self.request(Request::Script { sql: RStr::from_str(sql) }).await.map(drop)
    }

    /// Opens a transaction with the server's default isolation.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn begin(&mut self) -> Result<()> {
        self.begin_with(Isolation::Default, false).await
    }

    /// Opens a transaction.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn begin_with(&mut self, isolation: Isolation, read_only: bool) -> Result<()> {
        self.request(Request::Begin { isolation, read_only }).await.map(drop)
    }

    /// Commits the open transaction.
    ///
    /// # Errors
    /// As [`query`](Self::query); after a lost connection the outcome is unknown.
    pub async fn commit(&mut self) -> Result<()> {
        self.request(Request::Commit).await.map(drop)
    }

    /// Rolls the open transaction back.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn rollback(&mut self) -> Result<()> {
        self.request(Request::Rollback).await.map(drop)
    }

    /// Opens a `COPY … FROM STDIN`; see [`copy`](crate::copy) for the binary format.
    ///
    /// # Errors
    /// As [`query`](Self::query).
    pub async fn copy_in(&mut self, sql: &str) -> Result<CopyIn<'_, 'a>> {
        self.request(Request::CopyIn { sql: RStr::from_str(sql) }).await?;
        Ok(CopyIn { session: self, open: true })
    }

    async fn request(&mut self, request: Request<'_>) -> Result<Response> {
        let mut pending = PendingRequest { raw: self.raw, started: false, finished: false };
        let answer = poll_fn(|context| {
            let in_call = is_of_call(context.waker());
            context
                .with_ffi_context(|context| {
                    let first = !mem::replace(&mut pending.started, true);
                    match (first, in_call) {
                        (true, true) => pending.raw.start_in_call(context, request),
                        (true, false) => pending.raw.start(context, request),
                        (false, true) => pending.raw.poll_in_call(context),
                        (false, false) => pending.raw.poll(context),
                    }
                })
                .try_into_poll()
                .unwrap_or_else(|_| {
                    let error = Error::protocol("the host failed while it served a request");
                    Poll::Ready(RResult::RErr(error.into_abi()))
                })
        })
        .await;
        pending.finished = true;
        answer.into_result().map_err(Error::from)
    }
}

/// Tells the host when the future of a request is dropped before its answer.
struct PendingRequest<'a> {
    raw: &'a SessionBox,
    started: bool,
    finished: bool,
}

impl Drop for PendingRequest<'_> {
    fn drop(&mut self) {
        if self.started && !self.finished {
            self.raw.abandon();
        }
    }
}

/// An open copy; dropped without [`finish`](Self::finish), the host aborts it.
pub struct CopyIn<'s, 'a> {
    session: &'s mut Session<'a>,
    open: bool,
}

impl CopyIn<'_, '_> {
    /// Sends bytes; chunks of 64 KiB keep both sides busy.
    ///
    /// # Errors
    /// As [`Session::query`].
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let bytes = RSlice::from_slice(bytes);
        self.session.request(Request::CopyChunk { bytes }).await.map(drop)
    }

    /// Ends the copy and returns the number of rows.
    ///
    /// # Errors
    /// As [`Session::query`]: the server reports a bad row here.
    pub async fn finish(mut self) -> Result<u64> {
        self.open = false;
        let response = self.session.request(Request::CopyEnd).await?;
        Ok(Results::new(response).rows(0)?.affected())
    }
}

impl Drop for CopyIn<'_, '_> {
    fn drop(&mut self) {
        if self.open {
            self.session.raw.abandon();
        }
    }
}
