//! What carries the bytes of a connection.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::socket::Socket;

/// Most bytes of a buffer that are initialised for one read of a stream; TLS has a quarter of it in
/// a record. All of the room of a large answer, for each of its records, would cost the square.
const WINDOW: usize = 64 << 10;

/// A stream of tokio: TLS, or a socket outside of a reactor.
pub trait Stream: AsyncRead + AsyncWrite {}

impl<S: AsyncRead + AsyncWrite> Stream for S {}

/// What carries the bytes of a connection.
pub enum Transport {
    /// A socket that a reactor watches.
    Socket(Socket),
    /// Anything else; it wakes through tokio.
    Stream(Pin<Box<dyn Stream>>),
}

impl Transport {
    /// Receives into the free capacity of `buffer`; 0 is the end of the stream.
    pub(crate) fn poll_receive(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut Vec<u8>,
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Socket(socket) => socket.poll_receive(context, buffer),
            Self::Stream(stream) => {
                let filled = buffer.len();
                // A stream may read into it before it is known how much: it has to be initialised.
                buffer.resize(buffer.capacity().min(filled + WINDOW), 0);
                let mut room = ReadBuf::new(&mut buffer[filled..]);
                let polled = stream.as_mut().poll_read(context, &mut room);
                let count = room.filled().len();
                buffer.truncate(filled + count);
                ready!(polled)?;
                Poll::Ready(Ok(count))
            }
        }
    }

    /// Sends as much of `bytes` as is taken.
    pub(crate) fn poll_send(
        &mut self,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Socket(socket) => socket.poll_send(context, bytes),
            Self::Stream(stream) => stream.as_mut().poll_write(context, bytes),
        }
    }

    /// After the last byte was taken.
    pub(crate) fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            // What it took is sent when the turn of the thread ends.
            Self::Socket(_) => Poll::Ready(Ok(())),
            Self::Stream(stream) => stream.as_mut().poll_flush(context),
        }
    }
}

impl std::fmt::Debug for Transport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Socket(_) => "Socket",
            Self::Stream(_) => "Stream",
        })
    }
}
