//! A lean PostgreSQL connection: statements, one-`Sync` pipelines and copies over a socket on which
//! another driver has done the start-up.
//!
//! It keeps one buffer for each direction and one table of cells, and reuses them: an exchange in
//! the steady state allocates nothing. What it does not do, it leaves to that driver: resolving
//! names, TLS handshakes, authentication, cancel requests.
//!
//! A connection waits for its socket in one of two ways: through a [`Reactor`], which the owner of
//! the thread blocks in, or through tokio for any other stream ([`Transport`]). Another driver can
//! wait in the same reactor, over a [`SocketStream`].
//!
//! Its tests feed it recorded, mutated and arbitrary bytes; `PROPTEST_CASES=25600` makes them a hundred
//! times longer. Those of `stormdb-target` hold it against tokio-postgres on a real server.

mod answer;
mod connection;
mod error;
mod inbox;
mod message;
mod outbox;
mod reactor;
mod socket;
mod socket_stream;
mod statement;
mod transport;
mod watch;

pub use self::{
    answer::{Answer, Set, Span},
    connection::{Connection, CopyState, Status},
    error::{Fields, WireError},
    reactor::{Interrupt, Reactor},
    socket::Socket,
    socket_stream::SocketStream,
    statement::Statement,
    transport::{Stream, Transport},
};
