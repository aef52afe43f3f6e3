//! A non-blocking socket that a reactor watches.

use std::{
    io,
    os::fd::OwnedFd,
    rc::Rc,
    task::{Context, Poll},
};

use rustix::{
    buffer::spare_capacity,
    io::Errno,
    net::{RecvFlags, recv},
};

use crate::{reactor::Reactor, watch::Watch};

/// A connected socket; dropped, it is closed.
#[derive(Debug)]
pub struct Socket {
    reactor: Rc<Reactor>,
    watch: Rc<Watch>,
}

impl Socket {
    /// Watches a connected, non-blocking socket.
    ///
    /// # Errors
    /// The socket cannot be watched.
    pub fn new(fd: OwnedFd, reactor: &Rc<Reactor>) -> io::Result<Self> {
        let watch = reactor.add(fd)?;
        Ok(Self { reactor: Rc::clone(reactor), watch })
    }

    /// Receives into the free capacity of `buffer`; 0 is the end of the stream.
    pub(crate) fn poll_receive(
        &self,
        context: &Context<'_>,
        buffer: &mut Vec<u8>,
    ) -> Poll<io::Result<usize>> {
        let watch = &self.watch;
        while watch.readable.get() {
            let room = buffer.capacity() - buffer.len();
            match recv(&watch.fd, spare_capacity(buffer), RecvFlags::empty()) {
                Ok((count, _)) => {
                    // Less than was asked for: nothing is left, and what comes next makes an event.
                    if count < room && !watch.hung_up.get() {
                        watch.readable.set(false);
                    }
                    return Poll::Ready(Ok(count));
                }
                Err(Errno::AGAIN) => watch.readable.set(false),
                Err(Errno::INTR) => {}
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
        watch.wait(context.waker());
        Poll::Pending
    }

    /// Takes bytes, which are sent when the turn of the thread ends. That they are refused then is
    /// seen in receiving.
    pub(crate) fn poll_send(&self, context: &Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let watch = &self.watch;
        if let Some(error) = watch.refused.get() {
            return Poll::Ready(Err(error.into()));
        }
        if !watch.take(bytes) {
            watch.wait(context.waker());
            return Poll::Pending;
        }
        self.reactor.send_later(watch);
        Poll::Ready(Ok(bytes.len()))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.reactor.remove(&self.watch);
    }
}
