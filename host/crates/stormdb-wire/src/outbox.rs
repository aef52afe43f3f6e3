//! The requests that are still to be sent.

use std::{
    io,
    task::{Context, Poll, ready},
};

use bytes::{Buf as _, BytesMut};

use crate::transport::Transport;

/// A buffer that grew beyond this is given back when it is empty.
const KEPT: usize = 1 << 20;

/// Requests that are still to be sent.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    pub(crate) bytes: BytesMut,
    /// It took bytes since it was flushed.
    unflushed: bool,
}

impl Outbox {
    /// Sends everything.
    pub(crate) fn poll_sent(
        &mut self,
        transport: &mut Transport,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.bytes.is_empty() {
            match ready!(transport.poll_send(context, &self.bytes))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                // Keeps the memory, which advancing to the end does not.
                count if count == self.bytes.len() => self.bytes.clear(),
                count => self.bytes.advance(count),
            }
            self.unflushed = true;
        }
        if self.unflushed {
            ready!(transport.poll_flush(context))?;
            self.unflushed = false;
            if self.bytes.capacity() > KEPT {
                self.bytes = BytesMut::new();
            }
        }
        Poll::Ready(Ok(()))
    }
}
