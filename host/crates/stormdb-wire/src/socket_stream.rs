//! A watched socket as a stream of tokio, for a driver that reads and writes one.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::socket::Socket;

/// Bytes that are received at once.
const ROOM: usize = 8 << 10;

/// A socket that a reactor watches, read and written as a stream; it wakes through the reactor.
#[derive(Debug)]
pub struct SocketStream {
    socket: Socket,
    /// A reader's own memory would have to be initialised before each receive.
    received: Vec<u8>,
    /// How much of `received` the reader has.
    taken: usize,
}

impl SocketStream {
    #[must_use]
    pub fn new(socket: Socket) -> Self {
        Self { socket, received: Vec::with_capacity(ROOM), taken: 0 }
    }
}

impl AsyncRead for SocketStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { socket, received, taken } = self.get_mut();
        if *taken == received.len() {
            received.clear();
            *taken = 0;
            ready!(socket.poll_receive(context, received))?;
        }
        let rest = &received[*taken..];
        let count = rest.len().min(buffer.remaining());
        buffer.put_slice(&rest[..count]);
        *taken += count;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for SocketStream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.get_mut().socket.poll_send(context, bytes)
    }

    /// What was written is sent when the turn of the thread ends.
    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// The socket is closed when the stream is dropped.
    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(context)
    }
}
