//! A connection past its start-up: one exchange of requests and answers at a time.

use std::{
    error::Error,
    io,
    task::{Context, Poll},
};

use bytes::BytesMut;
use postgres_protocol::{IsNull, message::frontend};

use crate::{
    answer::Answer,
    error::{Fields, WireError},
    inbox::Inbox,
    message::{self, Next},
    outbox::Outbox,
    statement::{self, Statement},
    transport::Transport,
};

/// Unsent bytes of a copy above which its next chunk has to wait.
const COPY_BACKLOG: usize = 128 << 10;

/// The server's word on the transaction, from its last `ReadyForQuery`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Idle,
    InTransaction,
    /// A statement failed; all it takes is the end of the transaction, or of a savepoint.
    Failed,
}

/// Whether a copy to the server is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyState {
    Closed,
    /// It was asked for; an ordinary statement that turns out to copy is ended at once.
    Asked,
    Open,
}

/// A connection past its start-up.
///
/// An exchange is: [`begin`](Self::begin), requests, [`sync`](Self::sync), then
/// [`poll_answered`](Self::poll_answered) until ready. The answer stays valid until the next
/// `begin`.
#[derive(Debug)]
pub struct Connection {
    transport: Transport,
    outbox: Outbox,
    inbox: Inbox,
    answer: Answer,
    /// Syncs and simple queries without their `ReadyForQuery`.
    outstanding: u32,
    status: Status,
    copy: CopyState,
    failure: Option<Box<Fields>>,
    /// A statement copied where none was expected to.
    copied: bool,
    /// What the exchange under way requested.
    requested: Requested,
    lost: bool,
    /// Types of the last statement that was described.
    described: Described,
}

#[derive(Clone, Copy, Debug, Default)]
struct Requested {
    /// Bytes of the outbox that belong to what came before.
    after: usize,
    /// Executions of prepared statements.
    executions: usize,
}

#[derive(Debug, Default)]
struct Described {
    parameters: Vec<u32>,
    columns: Vec<u32>,
}

impl Connection {
    /// Takes over a connection whose server is ready for a query, outside of a transaction.
    #[must_use]
    pub fn new(transport: Transport) -> Self {
        Self {
            transport,
            outbox: Outbox::default(),
            inbox: Inbox::default(),
            answer: Answer::default(),
            outstanding: 0,
            status: Status::Idle,
            copy: CopyState::Closed,
            failure: None,
            copied: false,
            requested: Requested::default(),
            lost: false,
            described: Described::default(),
        }
    }

    /// Begins an exchange: the answer of the one before is forgotten.
    pub fn begin(&mut self) {
        self.inbox.forget_read();
        self.answer.clear();
        self.failure = None;
        self.copied = false;
        self.requested = Requested { after: self.outbox.bytes.len(), executions: 0 };
    }

    /// Requests the execution of a prepared statement with one value per parameter, in binary.
    ///
    /// # Errors
    /// `encode` refused a value, or they are too long for a message: the exchange holds what it held
    /// before.
    pub fn execute<T>(
        &mut self,
        statement: &Statement,
        values: impl Iterator<Item = T>,
        encode: impl FnMut(T, &mut BytesMut) -> Result<IsNull, Box<dyn Error + Send + Sync>>,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let before = self.outbox.bytes.len();
        let executed = statement.execute(&mut self.outbox.bytes, values, encode);
        match executed {
            Ok(()) => self.requested.executions += 1,
            Err(_) => self.outbox.bytes.truncate(before),
        }
        executed
    }

    /// Requests that a statement is parsed under a name and described; the name may be empty.
    ///
    /// # Errors
    /// The text holds a zero byte.
    pub fn prepare(&mut self, name: &str, sql: &str) -> io::Result<()> {
        self.described.parameters.clear();
        self.described.columns.clear();
        self.write(|out| {
            frontend::parse(name, sql, [], out)?;
            frontend::describe(b'S', name, out)
        })
    }

    /// Requests the execution of statements given as text; it needs no [`sync`](Self::sync).
    ///
    /// # Errors
    /// The text holds a zero byte.
    pub fn query(&mut self, sql: &str) -> io::Result<()> {
        self.write(|out| frontend::query(sql, out))?;
        self.outstanding += 1;
        Ok(())
    }

    /// As [`query`](Self::query), for a `COPY … FROM STDIN`: the answer is ready when the server
    /// takes data.
    ///
    /// # Errors
    /// The text holds a zero byte.
    pub fn copy(&mut self, sql: &str) -> io::Result<()> {
        self.query(sql)?;
        self.copy = CopyState::Asked;
        Ok(())
    }

    /// Adds bytes to the open copy; [`poll_copied`](Self::poll_copied) sends them.
    ///
    /// # Errors
    /// More than a message can hold.
    pub fn copy_bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        frontend::CopyData::new(bytes)?.write(&mut self.outbox.bytes);
        Ok(())
    }

    /// Ends the open copy; the answer tells the number of rows.
    pub fn copy_done(&mut self) {
        frontend::copy_done(&mut self.outbox.bytes);
        self.copy = CopyState::Closed;
    }

    /// Gives the open copy up; the answer is an error.
    pub fn copy_fail(&mut self) {
        // A reason without a zero byte is always taken.
        let _always_ok = frontend::copy_fail("the copy was given up", &mut self.outbox.bytes);
        self.copy = CopyState::Closed;
    }

    /// Ends the requests of a pipeline: the server answers all of them in one go, and after an error
    /// it skips what is left.
    pub fn sync(&mut self) {
        statement::sync(&mut self.outbox.bytes);
        self.outstanding += 1;
    }

    /// Forgets requests that were not sent: nothing of the exchange reaches the server.
    pub fn discard(&mut self) {
        self.outbox.bytes.truncate(self.requested.after);
    }

    /// Sends what is requested and receives until everything is answered.
    ///
    /// # Errors
    /// The first error of the server, or the end of the connection.
    pub fn poll_answered(&mut self, context: &mut Context<'_>) -> Poll<Result<(), WireError>> {
        loop {
            // A server that cannot get rid of its answers takes no requests.
            let sent = self.poll_sent(context)?;
            if self.read_messages()? || (self.outstanding == 0 && sent.is_ready()) {
                return Poll::Ready(self.take_failure());
            }
            // A copy that was ended while reading left something to send.
            if sent.is_ready() && !self.outbox.bytes.is_empty() {
                continue;
            }
            if self.poll_received(context)?.is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// Sends bytes of the open copy until few are left. When the server ends the copy, by an error,
    /// so does this.
    ///
    /// # Errors
    /// The first error of the server, or the end of the connection.
    pub fn poll_copied(&mut self, context: &mut Context<'_>) -> Poll<Result<(), WireError>> {
        loop {
            let sent = self.poll_sent(context)?;
            self.read_messages()?;
            if self.outstanding == 0 {
                return Poll::Ready(self.take_failure());
            }
            let received = self.poll_received(context)?;
            if received.is_pending() {
                let little = sent.is_ready() || self.outbox.bytes.len() <= COPY_BACKLOG;
                return if little { Poll::Ready(Ok(())) } else { Poll::Pending };
            }
        }
    }

    /// What the last exchange returned.
    #[must_use]
    pub fn answer(&self) -> &Answer {
        &self.answer
    }

    /// What the spans of the answer point into.
    #[must_use]
    pub fn received(&self) -> &[u8] {
        &self.inbox.bytes
    }

    /// Type oids of the parameters and of the columns of the last statement that was described.
    #[must_use]
    pub fn described(&self) -> (&[u32], &[u32]) {
        (&self.described.parameters, &self.described.columns)
    }

    #[must_use]
    pub fn status(&self) -> Status {
        self.status
    }

    #[must_use]
    pub fn copy_state(&self) -> CopyState {
        self.copy
    }

    /// Whether it wakes through a reactor.
    #[must_use]
    pub fn is_watched(&self) -> bool {
        matches!(self.transport, Transport::Socket(_))
    }

    /// Whether an answer is still to come.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.outstanding > 0
    }

    /// Whether the connection is of no more use.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.lost
    }

    /// Tells the server that the session ends, as far as it can be told at once.
    pub fn terminate(&mut self) {
        if self.lost || self.is_busy() || !self.outbox.bytes.is_empty() {
            return;
        }
        frontend::terminate(&mut self.outbox.bytes);
        let mut context = Context::from_waker(std::task::Waker::noop());
        let _told = self.poll_sent(&mut context);
    }

    /// A message that cannot be written to its end would leave its beginning behind.
    fn write(&mut self, request: impl FnOnce(&mut BytesMut) -> io::Result<()>) -> io::Result<()> {
        let before = self.outbox.bytes.len();
        request(&mut self.outbox.bytes).inspect_err(|_| self.outbox.bytes.truncate(before))
    }

    fn poll_sent(&mut self, context: &mut Context<'_>) -> Result<Poll<()>, WireError> {
        match self.outbox.poll_sent(&mut self.transport, context) {
            Poll::Ready(Ok(())) => Ok(Poll::Ready(())),
            Poll::Pending => Ok(Poll::Pending),
            Poll::Ready(Err(error)) => self.after_refusal(context, error),
        }
    }

    /// Reads what the server said before it closed its end, which is the better reason.
    fn after_refusal(
        &mut self,
        context: &mut Context<'_>,
        error: io::Error,
    ) -> Result<Poll<()>, WireError> {
        while self.poll_received(context)?.is_ready() {
            self.read_messages()?;
        }
        Err(self.lose(error))
    }

    fn poll_received(&mut self, context: &mut Context<'_>) -> Result<Poll<()>, WireError> {
        self.inbox.make_room();
        match self.transport.poll_receive(context, &mut self.inbox.bytes) {
            Poll::Ready(Ok(0)) => Err(self.lose(io::ErrorKind::UnexpectedEof.into())),
            Poll::Ready(Ok(_)) => Ok(Poll::Ready(())),
            Poll::Ready(Err(error)) => Err(self.lose(error)),
            Poll::Pending => Ok(Poll::Pending),
        }
    }

    /// The connection is gone; what the server said last is the better reason.
    fn lose(&mut self, error: io::Error) -> WireError {
        self.lost = true;
        match self.failure.take() {
            Some(fields) if fields.is_fatal() => WireError::Server(fields),
            _ => WireError::Lost(error),
        }
    }

    fn take_failure(&mut self) -> Result<(), WireError> {
        if self.copied {
            return Err(WireError::Copies);
        }
        self.failure.take().map_or(Ok(()), |fields| Err(WireError::Server(fields)))
    }

    /// Reads the messages that have arrived; true when the last answer is complete, or the copy that
    /// was asked for is open.
    fn read_messages(&mut self) -> Result<bool, WireError> {
        loop {
            let Inbox { bytes, read } = &self.inbox;
            let found = message::next(bytes, *read).map_err(|reason| self.misunderstood(reason))?;
            let Next::Message { kind, start, end } = found else { return Ok(false) };
            self.inbox.read = end;
            match self.read_message(kind, start, end) {
                Some(Meaning::Goes) => {}
                Some(Meaning::Ends) => return Ok(true),
                None => return Err(self.misunderstood("a malformed or unexpected message")),
            }
        }
    }

    fn misunderstood(&mut self, reason: &'static str) -> WireError {
        self.lost = true;
        WireError::Protocol(reason)
    }

    /// Nothing where the message is malformed or has no place here.
    fn read_message(&mut self, kind: u8, start: usize, end: usize) -> Option<Meaning> {
        let body = &self.inbox.bytes[start..end];
        match kind {
            b'D' => self.answer.push_row(body, start)?,
            b'C' => self.answer.close_set(body)?,
            b'I' => self.answer.close_set(b"\0")?,
            b'Z' => return self.ready_for_query(start, end),
            b'E' => {
                let fields = message::fields(body)?;
                // The first error is the reason for those behind it, unless the session ends.
                if fields.is_fatal() || self.failure.is_none() {
                    self.failure = Some(Box::new(fields));
                }
            }
            b't' => message::parameter_types(body, &mut self.described.parameters)?,
            b'T' => {
                self.described.columns.clear();
                message::column_types(body, &mut self.described.columns)?;
            }
            b'G' => return Some(self.copy_begins()),
            b'H' => self.copied = true,
            // Parsed, bound, closed, no rows, suspended; copied bytes and their end; notices,
            // parameters of the session, notifications.
            b'1' | b'2' | b'3' | b'n' | b's' | b'd' | b'c' | b'N' | b'S' | b'A' => {}
            _ => return None,
        }
        Some(Meaning::Goes)
    }

    fn ready_for_query(&mut self, start: usize, end: usize) -> Option<Meaning> {
        self.status = match self.inbox.bytes[start..end] {
            [b'I'] => Status::Idle,
            [b'T'] => Status::InTransaction,
            [b'E'] => Status::Failed,
            _ => return None,
        };
        self.outstanding = self.outstanding.checked_sub(1)?;
        self.copy = CopyState::Closed;
        Some(if self.outstanding == 0 { Meaning::Ends } else { Meaning::Goes })
    }

    fn copy_begins(&mut self) -> Meaning {
        if self.copy == CopyState::Asked {
            self.copy = CopyState::Open;
            return Meaning::Ends;
        }
        self.copied = true;
        let of_query = self.requested.executions == 0;
        let last = self.answer.sets().len() + 1 >= self.requested.executions;
        // In a pipeline, the request that follows ends the copy by an error.
        if of_query || last {
            self.copy_fail();
        }
        // A copy swallows the `Sync` that was sent behind its statement.
        if !of_query && last {
            statement::sync(&mut self.outbox.bytes);
        }
        Meaning::Goes
    }
}

/// What a message means for the exchange.
enum Meaning {
    Goes,
    Ends,
}
