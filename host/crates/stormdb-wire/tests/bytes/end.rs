//! Both ends of a socket: a connection in a reactor, and the server's end in the test's hands.

use std::{
    io::{Read as _, Write as _},
    os::{fd::OwnedFd, unix::net::UnixStream},
    rc::Rc,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::BufMut as _;
use postgres_protocol::IsNull;
use stormdb_wire::{Connection, Reactor, Socket, Statement, Transport, WireError};

/// Tests that count allocations count those of the whole process.
static ALONE: Mutex<()> = Mutex::new(());

/// What a test asks of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    Prepare,
    /// Executions in one pipeline.
    Execute(usize),
    Query,
    Copy,
}

/// A connection, and the other end of its socket.
pub(crate) struct End {
    pub(crate) connection: Connection,
    pub(crate) server: UnixStream,
    pub(crate) statement: Statement,
    reactor: Rc<Reactor>,
    _alone: MutexGuard<'static, ()>,
}

impl End {
    pub(crate) fn new() -> Self {
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let (ours, server) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        server.set_nonblocking(true).unwrap();
        let reactor = Reactor::new().unwrap();
        let socket = Socket::new(OwnedFd::from(ours), &reactor).unwrap();
        let connection = Connection::new(Transport::Socket(socket));
        Self { connection, server, statement: Statement::new("s0", 1), reactor, _alone: alone }
    }

    /// Begins an exchange.
    pub(crate) fn ask(&mut self, ask: Ask) {
        let connection = &mut self.connection;
        connection.begin();
        match ask {
            Ask::Prepare => {
                connection.prepare("s0", "SELECT $1").unwrap();
                connection.sync();
            }
            Ask::Execute(steps) => {
                for _ in 0..steps {
                    let encode = |value: i32, out: &mut bytes::BytesMut| {
                        out.put_i32(value);
                        Ok(IsNull::No)
                    };
                    connection.execute(&self.statement, [7].into_iter(), encode).unwrap();
                }
                connection.sync();
            }
            Ask::Query => connection.query("SELECT 1").unwrap(),
            Ask::Copy => connection.copy("COPY one FROM STDIN").unwrap(),
        }
    }

    /// Ends a turn of the thread.
    pub(crate) fn turn(&mut self) {
        self.reactor.wait(Duration::ZERO, None).unwrap();
    }

    /// Lets the server say something.
    pub(crate) fn say(&mut self, bytes: &[u8]) {
        self.server.write_all(bytes).unwrap();
        self.turn();
    }

    /// Ends the server's side.
    pub(crate) fn hang_up(&mut self) {
        self.server.shutdown(std::net::Shutdown::Both).unwrap();
        self.turn();
    }

    pub(crate) fn poll(&mut self) -> Poll<Result<(), WireError>> {
        self.connection.poll_answered(&mut Context::from_waker(Waker::noop()))
    }

    pub(crate) fn poll_copied(&mut self) -> Poll<Result<(), WireError>> {
        self.connection.poll_copied(&mut Context::from_waker(Waker::noop()))
    }

    /// What the server received since the last call.
    pub(crate) fn requested<'b>(&mut self, room: &'b mut [u8]) -> &'b [u8] {
        self.turn();
        let count = self.server.read(room).unwrap_or(0);
        &room[..count]
    }

    /// The exchange that `ask` begins, answered by these bytes.
    pub(crate) fn exchange(&mut self, ask: Ask, answer: &[u8]) -> Outcome {
        self.ask(ask);
        assert!(self.poll().is_pending(), "answered before the server said anything");
        self.say(answer);
        let polled = self.poll();
        self.outcome(&polled)
    }

    /// All that can be seen of an exchange.
    pub(crate) fn outcome(&self, polled: &Poll<Result<(), WireError>>) -> Outcome {
        let connection = &self.connection;
        let (bytes, answer) = (connection.received(), connection.answer());
        let (parameters, columns) = connection.described();
        Outcome {
            end: format!("{polled:?}"),
            values: answer
                .spans()
                .iter()
                .map(|span| {
                    let len = usize::try_from(span.len).ok()?;
                    Some(bytes[span.start..span.start + len].to_vec())
                })
                .collect(),
            sets: format!("{:?}", answer.sets()),
            described: (parameters.to_vec(), columns.to_vec()),
            state: format!("{:?} {:?}", connection.status(), connection.copy_state()),
            busy: connection.is_busy(),
            lost: connection.is_lost(),
        }
    }
}

/// All that can be seen of an exchange.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) end: String,
    pub(crate) values: Vec<Option<Vec<u8>>>,
    pub(crate) sets: String,
    pub(crate) described: (Vec<u32>, Vec<u32>),
    pub(crate) state: String,
    pub(crate) busy: bool,
    pub(crate) lost: bool,
}
